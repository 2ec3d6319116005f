"""Forms of the page of a timetable: shape only."""

from __future__ import annotations

from flask_wtf import FlaskForm
from flask_wtf.file import FileField, FileRequired
from wtforms import BooleanField, StringField
from wtforms.validators import InputRequired


class FileForm(FlaskForm):
    """A calendar to read once."""

    fichier = FileField(validators=[FileRequired("Choisissez un fichier .ics.")])
    vider = BooleanField("Ce calendrier n’a plus aucun cours, et c’est voulu")


class AddressForm(FlaskForm):
    """An address to read again and again."""

    adresse = StringField(validators=[InputRequired("Indiquez l’adresse du calendrier.")])
