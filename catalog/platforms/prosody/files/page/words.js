// SPDX-License-Identifier: AGPL-3.0-or-later
// The few words of our own on the page. Converse.js brings the rest in its own languages.

/** The languages that Converse.js 14 speaks. */
export const LOCALES = (
    "af ar bg ca cs da de el en eo es eu fa fi fr gl he hi hu id it ja lt mn mr nb nl oc pl pt "
    + "pt_BR ro ru sv ta th tr ug uk vi zh_CN zh_TW"
).split(" ");

const WORDS = {
    en: {
        signIn: "Sign in with the name and the password that your community gave you.",
        account: "Sign in with your account: the same name and password as everywhere here.",
        change: "Change the password on the account's page.",
        apps: "On a phone, any XMPP app works as well. Your address is name@DOMAIN.",
        software: "Free software: Converse.js and Prosody.",
        later: "Signing in is not possible just now. Your password may well be right: try again in a minute.",
    },
    de: {
        signIn: "Melde dich mit dem Namen und dem Passwort an, die du von deiner Gemeinschaft hast.",
        account: "Melde dich mit deinem Konto an: derselbe Name und dasselbe Passwort wie überall hier.",
        change: "Das Passwort änderst du auf der Seite des Kontos.",
        apps: "Am Telefon geht auch jede XMPP-App. Deine Adresse ist name@DOMAIN.",
        software: "Freie Software: Converse.js und Prosody.",
        later: "Anmelden geht gerade nicht. Dein Passwort kann richtig sein: Versuche es in einer Minute noch einmal.",
    },
    es: {
        signIn: "Entra con el nombre y la contraseña que te dio tu comunidad.",
        account: "Entra con tu cuenta: el mismo nombre y la misma contraseña que en todo lo demás aquí.",
        change: "La contraseña se cambia en la página de la cuenta.",
        apps: "En el teléfono sirve también cualquier aplicación XMPP. Tu dirección es nombre@DOMAIN.",
        software: "Software libre: Converse.js y Prosody.",
        later: "Ahora no se puede entrar. Tu contraseña puede ser correcta: inténtalo dentro de un minuto.",
    },
    fr: {
        signIn: "Connectez-vous avec le nom et le mot de passe reçus de votre communauté.",
        account: "Connectez-vous avec votre compte : le même nom et le même mot de passe que partout ici.",
        change: "Le mot de passe se change sur la page du compte.",
        apps: "Sur téléphone, toute application XMPP convient aussi. Votre adresse est nom@DOMAIN.",
        software: "Logiciels libres : Converse.js et Prosody.",
        later: "Impossible de se connecter pour l'instant. Votre mot de passe est peut-être juste : réessayez dans une minute.",
    },
    pt: {
        signIn: "Entre com o nome e a palavra-passe que a sua comunidade lhe deu.",
        account: "Entre com a sua conta: o mesmo nome e a mesma palavra-passe que em tudo o resto aqui.",
        change: "A palavra-passe muda-se na página da conta.",
        apps: "No telemóvel, serve também qualquer aplicação XMPP. O seu endereço é nome@DOMAIN.",
        software: "Software livre: Converse.js e Prosody.",
        later: "Agora não é possível entrar. A palavra-passe pode estar certa: tente outra vez daqui a um minuto.",
    },
    ar: {
        signIn: "سجّل الدخول بالاسم وكلمة المرور اللذين أعطتك إياهما جماعتك.",
        account: "سجّل الدخول بحسابك: الاسم وكلمة المرور نفسهما كما في كل مكان هنا.",
        change: "تُغيَّر كلمة المرور في صفحة الحساب.",
        apps: "وعلى الهاتف يعمل أي تطبيق XMPP أيضًا. عنوانك هو name@DOMAIN.",
        software: "برمجيات حرة: Converse.js وProsody.",
        later: "تسجيل الدخول غير ممكن الآن. قد تكون كلمة المرور صحيحة: حاول مرة أخرى بعد دقيقة.",
    },
    sw: {
        signIn: "Ingia kwa jina na nenosiri ulilopewa na jumuiya yako.",
        account: "Ingia kwa akaunti yako: jina na nenosiri lile lile la kila mahali hapa.",
        change: "Nenosiri hubadilishwa kwenye ukurasa wa akaunti.",
        apps: "Kwenye simu, programu yoyote ya XMPP inafaa pia. Anwani yako ni jina@DOMAIN.",
        software: "Programu huria: Converse.js na Prosody.",
        later: "Kuingia hakuwezekani sasa hivi. Nenosiri lako huenda ni sahihi: jaribu tena baada ya dakika moja.",
    },
};

/** Our words in this language, or in its base language, or in English. */
export function wordsFor(language) {
    return WORDS[language] ?? WORDS[language.split("-")[0]] ?? WORDS.en;
}
