# SPDX-License-Identifier: AGPL-3.0-or-later
"""The few words the gate says to people, in the languages we can speak for."""

from __future__ import annotations

WORDS: dict[str, dict[str, str]] = {
    "en": {"elsewhere": "This link leads out of the community, so we did not follow it.",
           "again": "Signing in was not finished. Please try again.",
           "resting": "Signing in is not possible just now. Please try again in a minute.",
           "out": "You are signed out.", "ask": "Do you want to sign out?", "sign_out": "Sign out",
           "refused": "This account is closed. A steward can tell you more.",
           "home": "To the start page", "sign_in": "Sign in"},
    "de": {"elsewhere": "Dieser Link führt aus der Gemeinschaft; wir sind ihm nicht gefolgt.",
           "again": "Das Anmelden wurde nicht fertig. Bitte versuche es noch einmal.",
           "resting": "Anmelden geht gerade nicht. Bitte versuche es in einer Minute noch einmal.",
           "out": "Du bist abgemeldet.", "ask": "Möchtest du dich abmelden?",
           "sign_out": "Abmelden", "home": "Zur Startseite", "sign_in": "Anmelden",
           "refused": "Dieses Konto ist geschlossen. Wer die Konten betreut, weiß mehr."},
    "es": {"elsewhere": "Este enlace lleva fuera de la comunidad; no lo hemos seguido.",
           "again": "El inicio de sesión no terminó. Inténtalo de nuevo.",
           "resting": "Ahora no se puede iniciar sesión. Inténtalo dentro de un minuto.",
           "out": "Has cerrado la sesión.", "ask": "¿Quieres cerrar la sesión?",
           "sign_out": "Cerrar sesión", "home": "A la página de inicio",
           "sign_in": "Iniciar sesión",
           "refused": "Esta cuenta está cerrada. Quien cuida las cuentas puede decirte más."},
    "fr": {"elsewhere": "Ce lien mène hors de la communauté ; nous ne l'avons pas suivi.",
           "again": "La connexion n'est pas allée à son terme. Merci de réessayer.",
           "resting": "Impossible de se connecter pour l'instant. Réessayez dans une minute.",
           "out": "Vous êtes déconnecté·e.", "ask": "Voulez-vous vous déconnecter ?",
           "sign_out": "Se déconnecter", "home": "Vers l'accueil", "sign_in": "Se connecter",
           "refused": "Ce compte est fermé. Les responsables des comptes en savent plus."},
    "it": {"elsewhere": "Questo link porta fuori dalla comunità; non lo abbiamo seguito.",
           "again": "L'accesso non è stato completato. Riprova.",
           "resting": "Ora non è possibile accedere. Riprova tra un minuto.",
           "out": "Hai chiuso la sessione.", "ask": "Vuoi chiudere la sessione?",
           "sign_out": "Esci", "home": "Alla pagina iniziale", "sign_in": "Accedi",
           "refused": "Questo account è chiuso. Chi cura gli account può dirti di più."},
    "nl": {"elsewhere": "Deze link leidt de gemeenschap uit; we hebben hem niet gevolgd.",
           "again": "Het inloggen is niet afgerond. Probeer het nog eens.",
           "resting": "Inloggen lukt nu niet. Probeer het over een minuut nog eens.",
           "out": "Je bent uitgelogd.", "ask": "Wil je uitloggen?", "sign_out": "Uitloggen",
           "home": "Naar de startpagina", "sign_in": "Inloggen",
           "refused": "Dit account is gesloten. Wie de accounts beheert weet meer."},
    "pt": {"elsewhere": "Esta ligação leva para fora da comunidade; não a seguimos.",
           "again": "A entrada não foi concluída. Tenta outra vez.",
           "resting": "Agora não é possível entrar. Tenta outra vez daqui a um minuto.",
           "out": "Saíste da sessão.", "ask": "Queres sair da sessão?", "sign_out": "Sair",
           "home": "Para a página inicial", "sign_in": "Entrar",
           "refused": "Esta conta está fechada. Quem cuida das contas sabe mais."},
}


def language(accept: str) -> str:
    """The first language a browser asks for that we have; English otherwise."""
    for part in accept.split(","):
        code = part.split(";")[0].strip().lower().split("-")[0]
        if code in WORDS:
            return code
    return "en"
