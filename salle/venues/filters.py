"""The answers of a search that can be taken away one by one, in words."""

from __future__ import annotations

from salle.kernel.money import format_euros
from salle.kernel.words import pluriel
from salle.venues.forms import SearchForm
from salle.venues.rules import RoomKind

# (words, name in the address, value of it or None for all)
Filter = tuple[str, str, str | None]


def list_filters(form: SearchForm, place: str) -> list[Filter]:
    """What narrows the search, apart from the day and the hours."""
    found: list[Filter] = []
    if place:
        where = "vous" if place == "votre position" else place
        found.append((f"à moins de {form.rayon.data}\u00a0km de {where}", "ou", None))
    if form.kind.data:
        found.append((RoomKind(form.kind.data).label, "kind", None))
    if form.headcount:
        found.append((pluriel(form.headcount, "personne"), "combien", None))
    if form.max_price_cents is not None:
        found.append((f"{format_euros(form.max_price_cents)} au plus", "prix", None))
    if form.q.data:
        found.append((f"«\u00a0{form.q.data}\u00a0»", "q", None))
    found += [(tool, "equipement", tool) for tool in dict.fromkeys(form.equipement.data or ())]
    found += [
        (words, name, None)
        for name, words in (
            ("accessible", "accessible en fauteuil"),
            ("boucle", "boucle magnétique"),
            ("sanitaires", "sanitaires accessibles"),
        )
        if form[name].data
    ]
    return found
