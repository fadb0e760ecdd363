// In which language the parts of a Tibetan page are that its scripts write: the rule of geoservice.pages.shell.spoken.
const HAN = /\p{Script=Han}/u;
const TIBETAN = /\p{Script=Tibetan}/u;
const ZH = 'zh-CN';
const BO = 'bo';
const ATTRIBUTES = ['title', 'aria-label', 'placeholder', 'alt', 'label'];

const told = (text) => (TIBETAN.test(text) ? BO : HAN.test(text) ? ZH : null);

function said(element) {
  let own = '';
  for (const node of element.childNodes) if (node.nodeType === Node.TEXT_NODE) own += node.data;
  return told(own) || told(ATTRIBUTES.map((name) => element.getAttribute(name) || '').join(''));
}

// What a page's author stated of a part stays: addresses of other languages, what is English.
function mark(element) {
  if (element.localName === 'script' || element.localName === 'style' || element.hasAttribute('hreflang')) return;
  const stated = element.getAttribute('lang');
  if (stated !== null && stated !== ZH && stated !== BO) return;
  const around = element.parentElement?.closest('[lang]')?.getAttribute('lang') || BO;
  const spoken = said(element) || around;
  if (spoken === around) { if (stated !== null) element.removeAttribute('lang'); }
  else if (spoken !== stated) element.setAttribute('lang', spoken);
}

function markAll(root) {
  mark(root);
  for (const element of root.querySelectorAll('*')) mark(element);
}

function changed({ target, addedNodes }) {
  const element = target.nodeType === Node.ELEMENT_NODE ? target : target.parentElement;
  if (!element?.isConnected) return;
  const before = element.getAttribute('lang');
  mark(element);
  if (element.getAttribute('lang') !== before) markAll(element);
  else for (const node of addedNodes) if (node.nodeType === Node.ELEMENT_NODE && node.isConnected) markAll(node);
}

export function keepLanguages() {
  markAll(document.body);
  new MutationObserver((changes) => changes.forEach(changed)).observe(
    document.body, { childList: true, characterData: true, subtree: true },
  );
}
