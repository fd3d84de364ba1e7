/*
 * The way to the other language, at the door: first of all that is there, for it is found by who can read nothing else.
 */
import { chooseLanguage, language, LANGUAGES } from "../../language.ts";
import { words } from "../../words.ts";
import "./LanguageLink.css";

export function LanguageLink() {
    return (
        <div className="language-links">
            {LANGUAGES.filter((it) => it !== language()).map((it) => (
                <button
                    key={it}
                    type="button"
                    className="language-link"
                    lang={it}
                    onClick={() => chooseLanguage(it)}
                >
                    {words.languages[it]}
                </button>
            ))}
        </div>
    );
}
