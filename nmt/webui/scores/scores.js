// What the results of the tab that compares do in the browser: given as `js_on_load`, after copy.js, to the gr.HTML of
// the scores and to that of the sentences.  `element` is the component, `trigger` tells the server.
element.addEventListener('click', event => {
  const button = event.target.closest('button');
  if (!button) return;
  const { order, descending, page } = button.dataset;
  if (button.dataset.copy) copy(button, button.dataset.copy);
  if (order) trigger('turn', { order, descending: descending === '1', page: Number(page) });
});
