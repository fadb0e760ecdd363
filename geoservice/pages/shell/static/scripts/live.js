// Listens to what happens, with the session that the browser keeps, and says whether what is shown is what is.
const WAITING_MS = 20000;
const STOPPED_MS = 60000;
const AGAIN_MS = 2000;
const AGAIN_MOST_MS = 30000;

const lamp = document.getElementById('live');
const words = document.getElementById('shell-words').dataset;



function clockTime(instant) {
  const form = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23', timeZone: document.body.dataset.zone };
  return new Intl.DateTimeFormat('en-GB', form).format(instant);
}

function show(state, since) {
  if (lamp.dataset.state === state) return;
  lamp.dataset.state = state;
  lamp.querySelector('.live-words').textContent = words[state].replace('{time}', clockTime(since));
}

// One message of the event-stream format: its id, its event and its data.
function messageOf(text) {
  const message = { id: null, event: 'message', data: '' };
  for (const line of text.split('\n')) {
    const at = line.indexOf(': ');
    if (at > 0) message[line.slice(0, at)] = line.slice(at + 2);
  }
  return message;
}

export class Stream {
  // `heard` is called with each event, `gap` when some were missed for good; `asking` gives headers for whoever shows a key.
  constructor(url, { heard, gap, jurisdiction, asking = () => ({}) }) {
    Object.assign(this, { url, heard, gap, jurisdiction, asking });
    this.last = null;
    this.spoke = Date.now();
    this.began = Date.now();
    this.again = AGAIN_MS;
    this.deaf = false;
    this.leaving = new AbortController();
  }

  start() {
    setInterval(() => this.look(), 1000);
    window.addEventListener('offline', () => this.deaf || show('stopped', this.spoke));
    this.go();
  }

  // Silence is told: whoever sees nothing new must know whether there is nothing new.
  look() {
    const silent = Date.now() - this.spoke;
    if (this.deaf) return;
    if (silent > STOPPED_MS) {
      show('stopped', this.spoke);
      // A connection that died without a word is begun anew; one that was just begun may take its time to answer.
      if (Date.now() - this.began > STOPPED_MS) this.leaving.abort();
    } else if (silent > WAITING_MS) show('waiting', this.spoke);
  }

  async go() {
    for (;;) {
      try {
        await this.listen();
      } catch {
        // It is tried again; the lamp tells meanwhile.
      }
      await new Promise((resolve) => setTimeout(resolve, this.again));
      this.again = Math.min(this.again * 2, AGAIN_MOST_MS);
    }
  }

  async listen() {
    const query = new URLSearchParams({ jurisdiction: this.jurisdiction });
    if (this.last !== null) query.set('after', this.last);
    this.leaving = new AbortController();
    this.began = Date.now();
    const { signal } = this.leaving;
    const options = { credentials: 'include', cache: 'no-store', headers: this.asking(), signal };
    const answer = await fetch(`${this.url}?${query}`, options);
    if (!answer.ok) throw new Error(String(answer.status));
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      this.spoke = Date.now();
      this.again = AGAIN_MS;
      text += value;
      const messages = text.split('\n\n');
      text = messages.pop();
      messages.filter((one) => !one.startsWith(':')).forEach((one) => this.take(messageOf(one)));
      show(this.deaf ? 'off' : 'live', this.spoke);
    }
  }

  take(message) {
    if (message.id !== null) this.last = message.id;
    // Whoever is no longer signed in hears of nothing here: that must not look as if nothing happened.
    if (message.event === 'open') this.deaf = !JSON.parse(message.data).incidents;
    else if (message.event === 'gap') this.gap();
    else if (message.event === 'message') this.heard(JSON.parse(message.data));
  }
}

export { clockTime };
