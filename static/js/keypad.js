// The big keys of a door's keypad write in its field; the form works without them.

const DIGITS = 6;

export default function keypad(form) {
  const code = form.querySelector("[data-keypad-code]");
  const keys = form.querySelector("[data-keypad-keys]");

  keys.addEventListener("click", (event) => {
    const key = event.target.closest("button");
    if (!key) {
      return;
    }
    if (key.dataset.erase === "all") {
      code.value = "";
    } else if (key.dataset.erase === "one") {
      code.value = code.value.slice(0, -1);
    } else if (code.value.length < DIGITS) {
      code.value += key.dataset.digit;
    }
  });
  keys.hidden = false;
}
