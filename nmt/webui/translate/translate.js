// What the components of the translating tab do in the browser.  Each part is given to one gr.HTML as its `js_on_load`:
// `element` is that component, `trigger` tells the server.  A part begins with "== NAME".

// == typing  tells when the visitor pauses, presses Enter, or has changed the glossary
let waiting;
const inside = event => event.target.closest?.('#nmt-source');
document.addEventListener('input', event => {
  if (!inside(event)) return;
  clearTimeout(waiting);
  waiting = setTimeout(() => trigger('pause'), 500);
});
document.addEventListener('change', event => { // the visitor has left the glossary's box
  if (event.target.closest?.('#nmt-glossary')) trigger('pause');
});
document.addEventListener('keydown', event => {
  if (inside(event) && event.key === 'Enter') clearTimeout(waiting); // that translates by itself
});

// == result  the translation: words to click or to walk through with the arrow keys, the tools, stop, the popover
let focus_next = null; // what gets the keyboard's focus when the server has answered
let asked; // the word that the server was asked about last
const all = selector => [...element.querySelectorAll(selector)];
const source = () => document.querySelector('#nmt-source textarea').value;
const said = () => element.querySelector('.nmt-translation').textContent;
const place = word => ({
  segment: Number(word.parentElement.dataset.segment), start: Number(word.dataset.start)
});
const mark = chosen => all('.nmt-word').forEach(word => word.classList.toggle('nmt-picked', word === chosen));
const pick = (word, by_keyboard) => {
  if (element.querySelector('[data-more]')) return; // it still grows
  mark(word);
  if (by_keyboard) focus_next = '.nmt-choose';
  const popover = element.querySelector('.nmt-popover'), same = popover && asked === JSON.stringify(place(word));
  asked = JSON.stringify(place(word));
  if (same) { show(popover); focus(); } else trigger('pick', place(word));
};
const focus = () => { if (focus_next) { element.querySelector(focus_next)?.focus(); focus_next = null; } };
const link = ({ menu, to }) =>
  location.href.split('#')[0] + '#' + new URLSearchParams({ source: menu, target: to, text: source() });

// A voice of the browser's own: others would send the text to whoever makes them.
const voice = language => window.speechSynthesis?.getVoices()
  .find(one => one.localService && one.lang.toLowerCase().startsWith(language));
const spoken = button => {
  const { from, to } = button.closest('.nmt-result').dataset;
  return button.dataset.of === 'source' ? [source(), from] : [said(), to];
};
const offer_voices = () => all('.nmt-speak').forEach(button => {
  const language = spoken(button)[1];
  button.hidden = !language || !voice(language);
});
const speak = button => {
  const silent = !speechSynthesis.speaking;
  speechSynthesis.cancel();
  if (!silent) return;
  const [text, language] = spoken(button);
  const utterance = new SpeechSynthesisUtterance(text);
  utterance.voice = voice(language);
  utterance.lang = language;
  utterance.onend = utterance.onerror = () => button.classList.remove('nmt-copied');
  button.classList.add('nmt-copied');
  speechSynthesis.speak(utterance);
};
window.speechSynthesis?.addEventListener?.('voiceschanged', offer_voices);

element.setAttribute('aria-live', 'polite');
element.addEventListener('click', event => {
  const hit = selector => event.target.closest(selector);
  const button = hit('button');
  if (hit('.nmt-word')) pick(hit('.nmt-word'), false);
  if (hit('.nmt-copy')) copy(button, said());
  if (hit('.nmt-link')) copy(button, link(element.querySelector('.nmt-result').dataset));
  if (hit('.nmt-speak')) speak(button);
  if (hit('.nmt-stop')) trigger('stop');
  if (hit('.nmt-as-document'))
    document.dispatchEvent(new CustomEvent('nmt-file', { detail: new File([source()], 'text.txt') }));
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

// The popover is above everything: it has its place in the window, below the word or else above it.
const show = popover => {
  const word = element.querySelector('.nmt-picked')?.getBoundingClientRect();
  if (!word) return;
  popover.showPopover();
  const { offsetWidth: width, offsetHeight: height } = popover;
  const above = word.bottom + height > innerHeight && word.top > height;
  popover.style.left = `${Math.max(8, Math.min(word.left, innerWidth - width - 8))}px`;
  popover.style.top = `${above ? word.top - height - 4 : word.bottom + 4}px`;
};
element.addEventListener('toggle', event => {
  if (event.newState !== 'closed') return;
  if (event.target.contains(document.activeElement) || document.activeElement === document.body)
    element.querySelector('.nmt-picked')?.focus();
  mark(null);
}, true);
document.addEventListener('scroll', event => {
  const popover = element.querySelector('.nmt-popover:popover-open');
  if (popover && !popover.contains(event.target)) popover.hidePopover();
}, true);

watch('value', () => {
  const result = element.querySelector('.nmt-result');
  if (!result) return;
  // A screen reader hears of a translation when it is whole: it would not stop reading one that grows.
  element.setAttribute('aria-busy', Boolean(result.dataset.more));
  if (result.dataset.more && !result.dataset.asked) { result.dataset.asked = 1; trigger('more'); }
  if (result.dataset.turned) trigger('turned');
  const popover = element.querySelector('.nmt-popover');
  if (popover) show(popover);
  focus();
  offer_voices();
  for (const word of all('[aria-describedby]'))
    word.title = document.getElementById(word.getAttribute('aria-describedby')).innerText;
  const { menu, from, to, more } = result.dataset;
  if (menu && !more && !result.matches('.nmt-stale')) {
    const detail = { source: menu, from, target: to, text: source(), translation: said() };
    document.dispatchEvent(new CustomEvent('nmt-translated', { detail }));
  }
});

// == visit  what was translated before, which only this browser knows; a text out of a link; files dropped on the card
const KEY = 'nmt-history', MOST = 50;
const read = () => JSON.parse(sessionStorage.getItem(KEY) ?? '[]');
const write = entries => {
  try { sessionStorage.setItem(KEY, JSON.stringify(entries)); } catch { /* full, or forbidden */ }
  draw();
};
const details = element.querySelector('details');
const draw = () => {
  const entries = read();
  details.hidden = !entries.length;
  details.querySelector('ol').replaceChildren(...entries.map(({ from, target, text, translation }, index) => {
    const item = document.createElement('li'), button = document.createElement('button');
    button.className = 'nmt-item';
    button.dataset.index = index;
    for (const [language, words] of [[from, text], [target, translation]]) {
      const line = document.createElement('span');
      line.lang = language;
      line.textContent = words.slice(0, 200);
      button.append(line);
    }
    item.append(button);
    return item;
  }));
};
document.addEventListener('nmt-translated', ({ detail }) => {
  const entries = read(), last = entries[0];
  // While somebody types, or chooses other words, it is one entry that changes.
  if (last && (detail.text.startsWith(last.text) || last.text.startsWith(detail.text))) entries.shift();
  if (detail.text.trim()) write([detail, ...entries].slice(0, MOST));
});
element.addEventListener('click', event => {
  if (event.target.closest('.nmt-forget')) write([]);
  const item = event.target.closest('.nmt-item');
  if (!item) return;
  const { source, target, text } = read()[item.dataset.index];
  trigger('open', { source, target, text });
  document.querySelector('#nmt-source textarea').focus();
});
draw();

// The fragment of an address is never sent.  It goes when it was read, and with it what was translated.
document.addEventListener('nmt-ready', () => {
  const { source, target, text } = Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
  if (!text) return;
  history.replaceState(null, '', location.href.split('#')[0]);
  trigger('open', { source, target, text });
}, { once: true });

const card = document.querySelector('.nmt-card'), drop = element.querySelector('.nmt-drop');
card.append(drop);
const has_file = event => event.dataTransfer?.types.includes('Files');
for (const [kind, shown] of [['dragover', true], ['dragleave', false], ['drop', false]])
  card.addEventListener(kind, event => {
    if (!has_file(event)) return;
    event.preventDefault();
    event.stopPropagation();
    drop.hidden = !shown;
    const [file] = event.dataTransfer.files;
    if (kind === 'drop' && file) document.dispatchEvent(new CustomEvent('nmt-file', { detail: file }));
  }, true);

// A file is translated in the tab "Documents", which is there only once it was opened.
document.addEventListener('nmt-file', async ({ detail: file }) => {
  document.querySelector('[role=tab][data-tab-id=documents]').click();
  for (let tries = 0; tries < 50; tries++) {
    const input = document.querySelector('#nmt-document input[type=file]');
    if (input) {
      const given = new DataTransfer();
      given.items.add(file);
      input.files = given.files;
      input.dispatchEvent(new Event('change', { bubbles: true }));
      return;
    }
    document.querySelector('#nmt-document .icon-button-wrapper button')?.click(); // takes the one before away
    await new Promise(done => setTimeout(done, 100));
  }
});
