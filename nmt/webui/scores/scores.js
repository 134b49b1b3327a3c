// What the results of the tab that compares do in the browser: given as `js_on_load` to the gr.HTML of the scores and
// to that of the sentences.  `element` is the component, `trigger` tells the server.
const copy = async button => {
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
  } catch { // a page that is not served over https has no clipboard
    const area = document.createElement('textarea');
    area.value = button.dataset.copy;
    document.body.append(area);
    area.select();
    document.execCommand('copy');
    area.remove();
  }
  button.classList.add('nmt-copied');
  setTimeout(() => button.classList.remove('nmt-copied'), 1500);
};
element.addEventListener('click', event => {
  const button = event.target.closest('button');
  if (!button) return;
  const { order, descending, page } = button.dataset;
  if (button.dataset.copy) copy(button);
  if (order) trigger('turn', { order, descending: descending === '1', page: Number(page) });
});
