// What the components of the translating tab do in the browser.  Each part is given to one gr.HTML as its
// `js_on_load`: `element` is that component, `trigger` tells the server.  A part begins with "== NAME".

// == typing  tells when the visitor pauses; Enter and the button need no telling
let waiting;
const stop_waiting = () => clearTimeout(waiting);
const inside = event => event.target.closest?.('#nmt-source');
document.addEventListener('input', event => {
  if (!inside(event)) return;
  stop_waiting();
  waiting = setTimeout(() => trigger('pause'), 500);
});
document.addEventListener('keydown', event => {
  if (inside(event) && event.key === 'Enter') stop_waiting();
});

// == translation  words that can be clicked or walked through with the arrow keys; the copy button
const words = () => [...element.querySelectorAll('.nmt-word')];
const pick = word => {
  words().forEach(other => other.classList.toggle('nmt-picked', other === word));
  trigger('pick', { segment: Number(word.parentElement.dataset.segment), start: Number(word.dataset.start) });
};
const copy = async button => {
  const text = element.querySelector('.nmt-translation').textContent;
  try {
    await navigator.clipboard.writeText(text);
  } catch { // a page that is not served over https has no clipboard
    const area = document.createElement('textarea');
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand('copy');
    area.remove();
  }
  button.classList.add('nmt-copied');
  setTimeout(() => button.classList.remove('nmt-copied'), 1500);
};
element.addEventListener('click', event => {
  const word = event.target.closest('.nmt-word');
  const button = event.target.closest('.nmt-copy');
  if (word) pick(word);
  if (button) copy(button);
});
element.addEventListener('keydown', event => {
  const word = event.target.closest('.nmt-word');
  if (!word) return;
  const all = words();
  const to = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (to) {
    const next = all[all.indexOf(word) + to];
    if (next) { word.tabIndex = -1; next.tabIndex = 0; next.focus(); }
  } else if (event.key === 'Enter' || event.key === ' ') {
    pick(word);
  } else {
    return;
  }
  event.preventDefault();
});

// == choices  what else could stand at the word
element.addEventListener('click', event => {
  const button = event.target.closest('button');
  if (button) trigger('choose', { index: Number(button.dataset.index) });
});

// == alternatives  other translations of the whole sentence
element.addEventListener('click', event => {
  const button = event.target.closest('button');
  if (button) trigger('take', { index: Number(button.dataset.index) });
});
