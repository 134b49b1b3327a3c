// Stands before the script of each component that has a button to copy a text with: `js_on_load` has no modules.
const copy = async (button, text) => {
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
