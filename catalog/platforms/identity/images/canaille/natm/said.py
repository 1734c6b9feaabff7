# SPDX-License-Identifier: AGPL-3.0-or-later
"""The words of the pages that are ours, in the languages we can speak for."""

from __future__ import annotations

from flask_babel import get_locale

WORDS: dict[str, dict[str, str]] = {
    "en": {
        "login": "Account name or e-mail address",
        "lost": "Password lost",
        "by_mail": "Write your account name or your e-mail address. You get a link by mail, with "
                   "which you choose a new password.",
        "not_by_mail": "Ask one of the stewards, who look after the accounts here. They give you "
                       "a new first password. Nobody can look up the old one.",
        "otherwise": "No letter after some minutes? Perhaps no address is known for you. Then ask "
                     "one of the stewards, who look after the accounts here. Stewards themselves "
                     "get no link by mail; they ask another steward.",
        "sent": "If we know you and your address, a letter is on its way. Its link works once, "
                "for half an hour.",
        "send": "Send", "back": "Back to the sign-in",
        "ended": "This link has ended, or was used already.",
        "changed": "You have a new password. Please sign in with it.",
        "second": "Second factor",
        "second_is_on": "Switched on: whoever signs in in a browser needs a code as well.",
        "second_is_off": "Switched off: name and password are enough to sign in.",
        "second_what": "With a second factor, your password alone opens these pages and the "
                       "platforms in the browser no more: a program on your telephone makes a code "
                       "that goes with it.",
        "second_limits": "Programs that send name and password by themselves (a network drive, a "
                         "calendar on a telephone) cannot come in any more. Chat still takes the "
                         "password alone. If you lose the telephone, a steward gives you a new "
                         "first password, which switches the second factor off.",
        "switch_on": "Switch on", "switch_off": "Switch off", "change": "Look or change",
        "password": "Your password", "wrong": "Password or code do not fit.",
        "wait": "Too many wrong codes. Please wait for {seconds} seconds.",
        "on_now": "The second factor is on. Other browsers are signed out.",
        "off_now": "The second factor is off.",
    },
    "de": {
        "login": "Kontoname oder E-Mail-Adresse",
        "lost": "Passwort verloren",
        "by_mail": "Schreibe deinen Kontonamen oder deine E-Mail-Adresse. Du bekommst per Mail "
                   "einen Link, mit dem du ein neues Passwort wählst.",
        "not_by_mail": "Frage jemanden, der hier die Konten betreut. Du bekommst ein neues erstes "
                       "Passwort. Das alte kann niemand nachsehen.",
        "otherwise": "Nach einigen Minuten kein Brief? Vielleicht ist keine Adresse von dir "
                     "bekannt. Dann frage jemanden, der hier die Konten betreut. Wer selbst Konten "
                     "betreut, bekommt keinen Link per Mail und fragt jemand anderen davon.",
        "sent": "Wenn wir dich und deine Adresse kennen, ist ein Brief unterwegs. Sein Link gilt "
                "einmal, eine halbe Stunde lang.",
        "send": "Senden", "back": "Zurück zur Anmeldung",
        "ended": "Dieser Link ist abgelaufen oder wurde schon benutzt.",
        "changed": "Du hast ein neues Passwort. Bitte melde dich damit an.",
        "second": "Zweiter Faktor",
        "second_is_on": "Eingeschaltet: Wer sich im Browser anmeldet, braucht auch einen Code.",
        "second_is_off": "Ausgeschaltet: Name und Passwort reichen zum Anmelden.",
        "second_what": "Mit einem zweiten Faktor öffnet dein Passwort allein diese Seiten und die "
                       "Plattformen im Browser nicht mehr: Ein Programm auf deinem Telefon macht "
                       "einen Code, der dazugehört.",
        "second_limits": "Programme, die Name und Passwort selbst senden (ein Netzlaufwerk, ein "
                         "Kalender auf dem Telefon), kommen nicht mehr herein. Der Chat nimmt "
                         "weiter das Passwort allein. Geht das Telefon verloren, bekommst du von "
                         "jemandem, der hier die Konten betreut, ein neues erstes Passwort; das "
                         "schaltet den zweiten Faktor aus.",
        "switch_on": "Einschalten", "switch_off": "Ausschalten", "change": "Ansehen oder ändern",
        "password": "Dein Passwort", "wrong": "Passwort oder Code passen nicht.",
        "wait": "Zu viele falsche Codes. Bitte warte {seconds} Sekunden.",
        "on_now": "Der zweite Faktor ist an. Andere Browser sind abgemeldet.",
        "off_now": "Der zweite Faktor ist aus.",
    },
    "es": {
        "login": "Nombre de la cuenta o correo electrónico",
        "lost": "Contraseña perdida",
        "by_mail": "Escribe el nombre de tu cuenta o tu correo electrónico. Recibirás un enlace "
                   "para elegir una contraseña nueva.",
        "not_by_mail": "Pregunta a quien cuida las cuentas aquí. Te dará una primera contraseña "
                       "nueva. Nadie puede ver la anterior.",
        "otherwise": "¿No llega nada en unos minutos? Quizá no conocemos tu correo. Pregunta "
                     "entonces a quien cuida las cuentas aquí. Quien las cuida no recibe enlaces "
                     "por correo y pregunta a otra persona que también lo haga.",
        "sent": "Si te conocemos y tenemos tu correo, la carta va en camino. Su enlace sirve una "
                "vez, durante media hora.",
        "send": "Enviar", "back": "Volver al inicio de sesión",
        "ended": "Este enlace ha caducado o ya se usó.",
        "changed": "Tienes una contraseña nueva. Inicia sesión con ella.",
        "second": "Segundo factor",
        "second_is_on": "Activado: quien inicia sesión en un navegador necesita además un código.",
        "second_is_off": "Desactivado: el nombre y la contraseña bastan para iniciar sesión.",
        "second_what": "Con un segundo factor, tu contraseña sola ya no abre estas páginas ni las "
                       "plataformas en el navegador: un programa en tu teléfono hace un código que "
                       "la acompaña.",
        "second_limits": "Los programas que envían solos nombre y contraseña (una unidad de red, "
                         "un calendario en el teléfono) ya no podrán entrar. El chat sigue "
                         "aceptando la contraseña sola. Si pierdes el teléfono, quien cuida las "
                         "cuentas te da una primera contraseña nueva, que desactiva el segundo "
                         "factor.",
        "switch_on": "Activar", "switch_off": "Desactivar", "change": "Ver o cambiar",
        "password": "Tu contraseña", "wrong": "La contraseña o el código no son correctos.",
        "wait": "Demasiados códigos erróneos. Espera {seconds} segundos.",
        "on_now": "El segundo factor está activado. Los demás navegadores han salido.",
        "off_now": "El segundo factor está desactivado.",
    },
    "fr": {
        "login": "Nom du compte ou adresse e-mail",
        "lost": "Mot de passe perdu",
        "by_mail": "Écrivez le nom de votre compte ou votre adresse e-mail. Vous recevrez un lien "
                   "pour choisir un nouveau mot de passe.",
        "not_by_mail": "Demandez à une personne qui s'occupe des comptes ici. Elle vous donnera un "
                       "nouveau premier mot de passe. Personne ne peut voir l'ancien.",
        "otherwise": "Rien après quelques minutes ? Votre adresse n'est peut-être pas connue. "
                     "Demandez alors à une personne qui s'occupe des comptes ici. Ces personnes "
                     "elles-mêmes ne reçoivent pas de lien et s'adressent à une autre d'entre "
                     "elles.",
        "sent": "Si nous connaissons votre compte et votre adresse, un message est en route. Son "
                "lien sert une fois, pendant une demi-heure.",
        "send": "Envoyer", "back": "Retour à la connexion",
        "ended": "Ce lien a expiré ou a déjà servi.",
        "changed": "Vous avez un nouveau mot de passe. Connectez-vous avec lui.",
        "second": "Second facteur",
        "second_is_on": "Activé : pour se connecter dans un navigateur, il faut aussi un code.",
        "second_is_off": "Désactivé : le nom et le mot de passe suffisent pour se connecter.",
        "second_what": "Avec un second facteur, votre mot de passe seul n'ouvre plus ces pages ni "
                       "les plateformes dans le navigateur : un programme sur votre téléphone "
                       "fabrique un code qui va avec.",
        "second_limits": "Les programmes qui envoient eux-mêmes nom et mot de passe (un lecteur "
                         "réseau, un agenda sur téléphone) ne peuvent plus entrer. La discussion "
                         "accepte toujours le mot de passe seul. Si vous perdez le téléphone, une "
                         "personne qui s'occupe des comptes vous donne un nouveau premier mot de "
                         "passe, ce qui désactive le second facteur.",
        "switch_on": "Activer", "switch_off": "Désactiver", "change": "Voir ou changer",
        "password": "Votre mot de passe", "wrong": "Le mot de passe ou le code ne convient pas.",
        "wait": "Trop de codes erronés. Attendez {seconds} secondes.",
        "on_now": "Le second facteur est activé. Les autres navigateurs sont déconnectés.",
        "off_now": "Le second facteur est désactivé.",
    },
}


def word(key: str) -> str:
    """In the language of the page, which Canaille has found out."""
    known = WORDS.get(str(get_locale()).split("_")[0], {})
    return known.get(key) or WORDS["en"][key]
