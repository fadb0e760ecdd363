// What is chosen is shown at once, and the page can be printed; without this there are buttons for the one, and the browser's for the other.
const form = document.getElementById('filters');
form.querySelectorAll('select').forEach((one) => one.addEventListener('change', () => form.requestSubmit()));

// Words left empty do not stand in the address, and days go before the name of a span.
form.addEventListener('submit', () => {
  const fields = [...form.querySelectorAll('input, select')];
  const days = fields.filter((one) => one.type === 'date' && one.value).length === 2;
  fields.forEach((one) => { one.disabled = !one.value || (days && one.name === 'span'); });
});
addEventListener('pageshow', () => form.querySelectorAll('input, select').forEach((one) => { one.disabled = false; }));

const print = document.getElementById('print');
print.hidden = false;
print.addEventListener('click', () => window.print());
document.body.dataset.ready = 'true';
