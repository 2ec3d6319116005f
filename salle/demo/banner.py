"""What `salle demo` prints once it is ready: where to go, as whom, what to look at."""

from __future__ import annotations

from salle.demo.personas import PERSONAS

PLACES = (
    ("/salles", "chercher une salle libre"),
    ("/demo/messages", "les messages que le service a envoyés"),
    ("/fonds", "le fonds qui a payé le service, et son usage"),
    ("/composants", "les composants de l’interface"),
)


def banner(address: str, *, simulators: str) -> str:
    """The box with the address, the personas and the places."""
    lines = [f"Ouvrez {address}", "", "Se connecter (fournisseur d’identité simulé) :"]
    lines += _columns([(persona.email, persona.role_label) for persona in PERSONAS])
    lines += ["", "À voir :"]
    lines += _columns([(address + path, label) for path, label in PLACES])
    lines += ["", f"Simulateurs (identité, paiement) : {simulators}", "Ctrl-C arrête tout."]
    width = max(map(len, lines))
    box = [f"│ {line:<{width}} │" for line in lines]
    return "\n".join([f"┌{'─' * (width + 2)}┐", *box, f"└{'─' * (width + 2)}┘"])


def _columns(rows: list[tuple[str, str]]) -> list[str]:
    width = max(len(left) for left, _ in rows)
    return [f"  {left:<{width}}  {right}" for left, right in rows]
