// « Autour de moi »: asks the browser for the position when the button is pressed, never before,
// and searches around it, to about a hundred metres.

const SENTENCES = {
  1: "Votre navigateur ne donne pas votre position. Tapez une adresse ou une commune.",
  2: "Votre position est introuvable. Tapez une adresse ou une commune.",
  3: "Votre position tarde trop. Tapez une adresse ou une commune.",
};

export default function around(element) {
  if (!navigator.geolocation) {
    return;
  }
  const button = element.querySelector("button");
  const status = element.querySelector("[role=status]");
  const form = element.closest("form");
  element.hidden = false;
  button.addEventListener("click", () => {
    status.textContent = "Recherche de votre position…";
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => {
        form.elements.ou.value = `${coords.latitude.toFixed(3)},${coords.longitude.toFixed(3)}`;
        form.requestSubmit();
      },
      (error) => {
        status.textContent = SENTENCES[error.code] ?? SENTENCES[2];
      },
      { maximumAge: 300000, timeout: 10000 },
    );
  });
}
