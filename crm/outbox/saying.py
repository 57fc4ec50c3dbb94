"""The words at a mail's foot and of the page behind it, in the languages of its readers.

Each language says all of ENGLISH; a test knows. What admins write themselves, topics and their sentences, stays as it
is.
"""

from __future__ import annotations

from collections.abc import Mapping

ENGLISH = {
    "foot": "No more mail like this:",
    "title": "Mail from us",
    "out": "You get no more such mail",
    "out_more": "We have noted that {email} wants no mail about news, tips and reminders from us. Answers to your own "
    "questions, receipts and the like still come.",
    "out_undo": "I do want it, undo",
    "heading": "Mail to {email}",
    "intro": "{name}, you choose what you hear from us. Answers to your own questions, receipts and the like "
    "always come.",
    "intro_for": "{name}, you choose what you hear from us for {account}. Answers to your own questions, "
    "receipts and the "
    "like always come.",
    "saved": "Saved.", "saved_more": "It holds from now on.", "undo": "Undo", "back": "All is as it was before.",
    "same": "Nothing has changed.",
    "topics": "What you hear about", "no_topics": "There is nothing to choose among at present.",
    "pace": "How often", "pace_any": "As it comes", "pace_weekly": "At most once a week",
    "pace_monthly": "At most once a month",
    "pause": "A pause", "no_pause": "No pause", "days": "{days} days from today", "as_it_is": "Until {day}, as it is",
    "language": "Language", "usual": "As usual", "save": "Save",
    "none": "Or none of it at all, with one press:", "none_button": "Send me no more of it",
}  # fmt: skip

_GERMAN = {
    "foot": "Keine E-Mails dieser Art mehr:",
    "title": "E-Mails von uns",
    "out": "Sie bekommen keine solchen E-Mails mehr",
    "out_more": "Wir haben vermerkt, dass {email} keine E-Mails mit Neuigkeiten, Tipps und Erinnerungen von uns "
    "möchte. "
    "Antworten auf Ihre Fragen, Belege und Ähnliches kommen weiterhin.",
    "out_undo": "Ich möchte sie doch, rückgängig machen",
    "heading": "E-Mails an {email}",
    "intro": "{name}, Sie wählen, was Sie von uns hören. Antworten auf Ihre Fragen, Belege und Ähnliches kommen "
    "immer.",
    "intro_for": "{name}, Sie wählen, was Sie von uns für {account} hören. Antworten auf Ihre Fragen, Belege und "
    "Ähnliches kommen immer.",
    "saved": "Gespeichert.", "saved_more": "Es gilt ab sofort.", "undo": "Rückgängig",
    "back": "Alles ist wieder wie vorher.", "same": "Es hat sich nichts geändert.",
    "topics": "Worüber Sie hören", "no_topics": "Zurzeit gibt es nichts auszuwählen.",
    "pace": "Wie oft", "pace_any": "Wie es kommt", "pace_weekly": "Höchstens einmal in der Woche",
    "pace_monthly": "Höchstens einmal im Monat",
    "pause": "Eine Pause", "no_pause": "Keine Pause", "days": "{days} Tage ab heute",
    "as_it_is": "Bis {day}, wie es ist",
    "language": "Sprache", "usual": "Wie üblich", "save": "Speichern",
    "none": "Oder gar nichts davon, mit einem Klick:", "none_button": "Nichts mehr davon schicken",
}  # fmt: skip

_FRENCH = {
    "foot": "Ne plus recevoir ce genre d’e-mails\N{NO-BREAK SPACE}:",
    "title": "Nos e-mails",
    "out": "Vous ne recevez plus ces e-mails",
    "out_more": "Nous avons noté que {email} ne souhaite plus recevoir nos nouvelles, conseils et rappels. Les "
    "réponses à "
    "vos questions, les reçus et autres messages de ce genre arrivent toujours.",
    "out_undo": "Je les veux quand même, annuler",
    "heading": "E-mails à {email}",
    "intro": "{name}, vous choisissez ce que vous recevez de nous. Les réponses à vos questions, les reçus et autres "
    "messages de ce genre arrivent toujours.",
    "intro_for": "{name}, vous choisissez ce que vous recevez de nous pour {account}. Les réponses à vos "
    "questions, les "
    "reçus et autres messages de ce genre arrivent toujours.",
    "saved": "Enregistré.", "saved_more": "C’est valable dès maintenant.", "undo": "Annuler",
    "back": "Tout est comme avant.", "same": "Rien n’a changé.",
    "topics": "Vos sujets", "no_topics": "Il n’y a rien à choisir pour le moment.",
    "pace": "À quelle fréquence", "pace_any": "Au fil de l’eau", "pace_weekly": "Au plus une fois par semaine",
    "pace_monthly": "Au plus une fois par mois",
    "pause": "Une pause", "no_pause": "Pas de pause", "days": "{days} jours à partir d’aujourd’hui",
    "as_it_is": "Jusqu’au {day}, comme prévu",
    "language": "Langue", "usual": "Comme d’habitude", "save": "Enregistrer",
    "none": "Ou plus rien du tout, d’un seul clic :", "none_button": "Ne plus rien m’envoyer",
}  # fmt: skip

_SPANISH = {
    "foot": "No recibir más correos como este:",
    "title": "Nuestros correos",
    "out": "Ya no recibe estos correos",
    "out_more": "Hemos anotado que {email} no quiere recibir novedades, consejos ni recordatorios nuestros. Las "
    "respuestas "
    "a sus preguntas, los recibos y similares siguen llegando.",
    "out_undo": "Sí los quiero, deshacer",
    "heading": "Correos a {email}",
    "intro": "{name}, usted elige qué recibe de nosotros. Las respuestas a sus preguntas, los recibos y "
    "similares llegan "
    "siempre.",
    "intro_for": "{name}, usted elige qué recibe de nosotros para {account}. Las respuestas a sus preguntas, los "
    "recibos "
    "y similares llegan siempre.",
    "saved": "Guardado.", "saved_more": "Vale desde ahora.", "undo": "Deshacer", "back": "Todo está como antes.",
    "same": "No ha cambiado nada.",
    "topics": "Sobre qué quiere saber", "no_topics": "Por ahora no hay nada que elegir.",
    "pace": "Con qué frecuencia", "pace_any": "Según llegue", "pace_weekly": "Como mucho una vez por semana",
    "pace_monthly": "Como mucho una vez al mes",
    "pause": "Una pausa", "no_pause": "Sin pausa", "days": "{days} días desde hoy",
    "as_it_is": "Hasta el {day}, como está",
    "language": "Idioma", "usual": "Como siempre", "save": "Guardar",
    "none": "O nada en absoluto, con un clic:", "none_button": "No me envíen nada más",
}  # fmt: skip

_DUTCH = {
    "foot": "Geen e-mail van deze soort meer:",
    "title": "E-mail van ons",
    "out": "U krijgt zulke e-mail niet meer",
    "out_more": "We hebben genoteerd dat {email} geen e-mail met nieuws, tips en herinneringen van ons wil. "
    "Antwoorden op "
    "uw vragen, bewijzen van betaling en dergelijke blijven komen.",
    "out_undo": "Ik wil ze toch, ongedaan maken",
    "heading": "E-mail aan {email}",
    "intro": "{name}, u kiest wat u van ons hoort. Antwoorden op uw vragen, bewijzen van betaling en dergelijke komen "
    "altijd.",
    "intro_for": "{name}, u kiest wat u van ons hoort voor {account}. Antwoorden op uw vragen, bewijzen van "
    "betaling en "
    "dergelijke komen altijd.",
    "saved": "Bewaard.", "saved_more": "Het geldt vanaf nu.", "undo": "Ongedaan maken",
    "back": "Alles is weer zoals eerst.", "same": "Er is niets veranderd.",
    "topics": "Waarover u hoort", "no_topics": "Er valt nu niets te kiezen.",
    "pace": "Hoe vaak", "pace_any": "Zoals het komt", "pace_weekly": "Hooguit één keer per week",
    "pace_monthly": "Hooguit één keer per maand",
    "pause": "Een pauze", "no_pause": "Geen pauze", "days": "{days} dagen vanaf vandaag",
    "as_it_is": "Tot {day}, zoals het is",
    "language": "Taal", "usual": "Zoals gewoonlijk", "save": "Bewaren",
    "none": "Of helemaal niets, met één klik:", "none_button": "Stuur mij niets meer",
}  # fmt: skip

#: A day, where it is not written as the rest of the product writes it.
DATES = {
    "de": "{on.day}.{on.month}.{on.year}", "fr": "{on.day}/{on.month}/{on.year}",
    "es": "{on.day}/{on.month}/{on.year}",
    "nl": "{on.day}-{on.month}-{on.year}",
}  # fmt: skip

WORDS: Mapping[str, Mapping[str, str]] = {
    "en": ENGLISH, "de": _GERMAN, "fr": _FRENCH, "es": _SPANISH, "nl": _DUTCH,
}  # fmt: skip


def language_of(*asked: str) -> str:
    """The first of these languages that the page speaks, “de-AT” by its “de”; English else."""
    spoken = (one.replace("_", "-").partition("-")[0].lower() for one in asked if one)
    return next((one for one in spoken if one in WORDS), "en")
