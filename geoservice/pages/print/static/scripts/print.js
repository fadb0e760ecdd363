// What is chosen is drawn at once, and printed by the browser; without this there is a button for the one, and the browser's for the other.
const form = document.getElementById('choose');
const layers = document.getElementById('layers');
const drawn = layers.value;
const ticks = [...form.querySelectorAll('.layer')];

form.addEventListener('change', (event) => {
  if (event.target.matches('.layer')) layers.value = ticks.filter((one) => one.checked).map((one) => one.value).join(',');
  else form.requestSubmit();
});
form.querySelector('.layers').addEventListener('toggle', (event) => {
  if (!event.target.open && layers.value !== drawn) form.requestSubmit();
});
// Words left empty do not stand in the address; nor does the view of a map when something else is to be printed.
form.addEventListener('submit', () => {
  if (form.elements.map && !document.getElementById('subject').selectedOptions[0].matches('[data-view]')) form.elements.map.value = '';
  form.querySelectorAll('input, select').forEach((one) => { one.disabled = !one.value; });
});
addEventListener('pageshow', () => form.querySelectorAll('input, select').forEach((one) => { one.disabled = false; }));

const print = document.getElementById('print');
print.hidden = false;
print.addEventListener('click', () => window.print());
document.body.dataset.ready = 'true';
