// What two components of the translating tab do in the browser.  Each part is given to one gr.HTML as its
// `js_on_load`: `element` is that component, `trigger` tells the server.  A part begins with "== NAME".

// == typing  tells when the visitor pauses or presses Enter
let waiting;
const inside = event => event.target.closest?.('#nmt-source');
document.addEventListener('input', event => {
  if (!inside(event)) return;
  clearTimeout(waiting);
  waiting = setTimeout(() => trigger('pause'), 500);
});
document.addEventListener('keydown', event => {
  if (inside(event) && event.key === 'Enter') clearTimeout(waiting); // that translates by itself
});

// == result  the translation: words to click or to walk through with the arrow keys, copy, stop, panels
let focus_next = null; // what gets the keyboard's focus when the server has answered
const all = selector => [...element.querySelectorAll(selector)];
const place = word => ({
  segment: Number(word.parentElement.dataset.segment), start: Number(word.dataset.start)
});
const pick = (word, by_keyboard) => {
  if (element.querySelector('[data-more]')) return; // it still grows
  all('.nmt-word').forEach(other => other.classList.toggle('nmt-picked', other === word));
  if (by_keyboard) focus_next = '.nmt-choose';
  trigger('pick', place(word));
};
element.setAttribute('aria-live', 'polite');
element.addEventListener('click', event => {
  const hit = selector => event.target.closest(selector);
  if (hit('.nmt-word')) pick(hit('.nmt-word'), false);
  if (hit('.nmt-copy')) copy(hit('.nmt-copy'), element.querySelector('.nmt-translation').textContent);
  if (hit('.nmt-stop')) trigger('stop');
  if (hit('.nmt-item')) {
    if (event.detail === 0) focus_next = '.nmt-word[tabindex="0"]'; // pressed by keyboard
    const index = Number(hit('.nmt-item').dataset.index);
    if (hit('.nmt-choose')) trigger('choose', { index }); else trigger('take', { index });
  }
});
element.addEventListener('keydown', event => {
  const word = event.target.closest('.nmt-word');
  if (!word) return;
  const words = all('.nmt-word');
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (step) {
    const next = words[words.indexOf(word) + step];
    if (next) { word.tabIndex = -1; next.tabIndex = 0; next.focus(); }
  } else if (event.key === 'Enter' || event.key === ' ') {
    pick(word, true);
  } else {
    return;
  }
  event.preventDefault();
});
watch('value', () => {
  const result = element.querySelector('.nmt-result');
  if (!result) return;
  // A screen reader hears of a translation when it is whole: it would not stop reading one that grows.
  element.setAttribute('aria-busy', Boolean(result.dataset.more));
  if (result.dataset.more && !result.dataset.asked) { result.dataset.asked = 1; trigger('more'); }
  if (result.dataset.flip) trigger('flip', { target: result.dataset.flip });
  if (focus_next) { element.querySelector(focus_next)?.focus(); focus_next = null; }
});
