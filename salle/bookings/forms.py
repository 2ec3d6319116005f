"""Forms of the booking pages: shape only, no rule of the domain."""

from __future__ import annotations

from flask_wtf import FlaskForm
from wtforms import BooleanField, HiddenField, IntegerField, RadioField, TextAreaField
from wtforms.validators import InputRequired, Length, Optional

from salle.bookings.rules import MAX_PURPOSE


class FrenchForm(FlaskForm):
    """WTForms' own sentences in French."""

    class Meta(FlaskForm.Meta):
        locales = ("fr",)


class NewBookingForm(FrenchForm):
    """Who comes, and for what."""

    debut = HiddenField(validators=[InputRequired("Choisissez un créneau.")])
    fin = HiddenField(validators=[InputRequired("Choisissez un créneau.")])
    jusqu_au = HiddenField()
    hors_vacances = HiddenField()
    organisation_id = RadioField(
        "Au nom de qui réservez-vous\u00a0?",
        validators=[InputRequired("Choisissez votre association.")],
    )
    purpose = TextAreaField(
        "Que ferez-vous\u00a0?",
        description="Une phrase suffit. Exemple\u00a0: entraînement de badminton des adultes.",
        validators=[
            InputRequired("Dites en quelques mots ce que vous ferez."),
            Length(max=MAX_PURPOSE, message=f"{MAX_PURPOSE} caractères au plus."),
        ],
    )
    headcount = IntegerField(
        "Combien serez-vous\u00a0?",
        validators=[InputRequired("Indiquez un nombre de personnes, en chiffres.")],
    )
    rules = BooleanField(
        "Nous respectons le règlement du collège, rangeons la salle et partons à l’heure.",
        validators=[InputRequired("Engagez-vous à respecter le règlement du collège.")],
    )


class CancelForm(FrenchForm):
    """Why the booking is cancelled; may stay empty."""

    reason = TextAreaField(
        "Dites pourquoi",
        description="Le collège le lira.",
        validators=[Optional(), Length(max=500, message="500 caractères au plus.")],
    )


class DecisionForm(FrenchForm):
    """The collège's answer; the reason is asked by the service when it is a refusal."""

    reason = TextAreaField(
        "Raison du refus",
        description="L’association la lira. Inutile si vous acceptez.",
        validators=[Optional(), Length(max=500, message="500 caractères au plus.")],
    )
