// A month that is chosen is shown at once, and the browser prints; without this there is a button for the one, and the browser's own for the other.
const form = document.getElementById('choose');
form.addEventListener('change', () => form.requestSubmit());

const print = document.getElementById('print');
if (print) {
  print.hidden = false;
  print.addEventListener('click', () => window.print());
}
document.body.dataset.ready = 'true';
