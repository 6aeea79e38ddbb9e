// Small comforts on top of pages that work without this file.

// The summary of what is to be put right is read first.
document.querySelector("[data-focus]")?.focus();

// A form is sent once, however often its button is pressed. Coming back to the page opens it again.
const sent = new WeakSet();

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post") return;
  if (sent.has(form)) {
    event.preventDefault();
    return;
  }
  // Without a signal the browser would leave the page, and what was typed with it.
  const offline = document.getElementById("offline");
  if (offline) offline.hidden = navigator.onLine;
  if (offline && !navigator.onLine) {
    event.preventDefault();
    offline.focus();
    return;
  }
  sent.add(form);
  // After this turn of the loop, so that the pressed button's own name and value are still sent.
  setTimeout(() => {
    for (const button of document.querySelectorAll("button[type=submit]")) {
      if (button.form === form) button.setAttribute("aria-disabled", "true");
    }
  });
});

window.addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  for (const form of document.forms) sent.delete(form);
  for (const button of document.querySelectorAll("button[aria-disabled]")) {
    button.removeAttribute("aria-disabled");
  }
});

// Two minutes before somebody is signed out, the page says so, and a button keeps them in.
const soon = document.getElementById("soon");

if (soon) {
  const [warning, gone] = soon.children;
  const warnLater = () => setTimeout(() => { warning.hidden = false; }, soon.dataset.after * 1000);
  warnLater();
  warning.querySelector("button").addEventListener("click", async () => {
    const answer = await fetch(soon.dataset.still).catch(() => null);
    if (!answer) return; // no signal: the button stays
    warning.hidden = true;
    gone.hidden = answer.status === 204;
    if (answer.status === 204) warnLater();
  });
}
