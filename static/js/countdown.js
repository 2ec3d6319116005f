// Counts down to data-until, from the server's own hour (data-now), whatever the local clock says.
// Announces politely two minutes before the end and at the end.

const WARNING = 120;

function clockText(seconds) {
  const minutes = Math.floor(seconds / 60);
  return `${minutes}:${String(seconds % 60).padStart(2, "0")}`;
}

export default function countdown(element) {
  const face = element.querySelector("[data-countdown-time]");
  const text = element.querySelector("[data-countdown-text]");
  const status = element.querySelector("[data-countdown-status]");
  const total = Date.parse(element.dataset.until) - Date.parse(element.dataset.now);
  const started = Date.now();
  if (Number.isNaN(total)) {
    return;
  }
  let warned = false;

  function tick() {
    const left = Math.max(0, Math.ceil((total - (Date.now() - started)) / 1000));
    face.textContent = clockText(left);
    if (left === 0) {
      clearInterval(timer);
      element.classList.add("is-over");
      text.textContent = element.dataset.over;
      status.textContent = element.dataset.over;
      element.dispatchEvent(new CustomEvent("countdown:over", { bubbles: true }));
    } else if (left <= WARNING && !warned) {
      warned = true;
      status.textContent = `Encore ${left > 90 ? "2 minutes" : `${left} secondes`} avant la fin.`;
    }
  }

  const timer = setInterval(tick, 1000);
  face.hidden = false;
  tick();
}
