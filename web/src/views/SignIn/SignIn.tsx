/*
 * Signing in with name and password.
 */
import { useState, type FormEvent } from "react";
import { Lantern } from "../../components/Brand/Brand.tsx";
import { Button } from "../../components/Button/Button.tsx";
import { Field, PasswordField } from "../../components/Field/Field.tsx";
import { LanguageLink } from "../../components/LanguageLink/LanguageLink.tsx";
import { LeavingNote } from "../../components/LeavingNote/LeavingNote.tsx";
import { Problem } from "../../components/States/States.tsx";
import { useProblemFocus } from "../../hooks/useProblemFocus.ts";
import { useSignIn } from "../../hooks/useSession.ts";
import { PorchlightError } from "../../porchlight/index.ts";
import { problemSentence } from "../../text/problem.ts";
import { words } from "../../words.ts";
import "./SignIn.css";

export function signInProblem(error: unknown): string {
    const { signIn } = words;
    if (!(error instanceof PorchlightError)) return problemSentence(error);
    if (error.unauthenticated) return signIn.wrong;
    if (error.kind !== "limited") return problemSentence(error);
    return error.retryAfterMs > 0 ? signIn.manyFor(Math.ceil(error.retryAfterMs / 1000)) : signIn.many;
}

export function SignIn({ expired }: { expired: boolean }) {
    const [name, setName] = useState("");
    const [password, setPassword] = useState("");
    /* Which of the two are empty. */
    const [missing, setMissing] = useState({ name: false, password: false });
    const signingIn = useSignIn();
    const { signIn } = words;
    const form = useProblemFocus(missing);
    const anyMissing = missing.name || missing.password;

    const submit = (event: FormEvent): void => {
        event.preventDefault();
        if (signingIn.isPending) return;
        setMissing({ name: !name.trim(), password: !password });
        if (name.trim() && password) signingIn.mutate({ name: name.trim(), password });
    };

    return (
        <main className="door" id="main" tabIndex={-1}>
            <LanguageLink />
            <div className="door-brand">
                <Lantern />
                <p className="door-name">{words.brand}</p>
                <p className="door-tagline">{words.tagline}</p>
            </div>
            <LeavingNote />
            <form className="door-card" onSubmit={submit} ref={form} noValidate>
                <div>
                    <h1 tabIndex={-1}>{signIn.heading}</h1>
                    <p className="door-intro">{expired ? signIn.again : signIn.intro}</p>
                </div>
                <Field
                    label={signIn.name}
                    name="username"
                    autoComplete="username"
                    autoCapitalize="none"
                    spellCheck={false}
                    aria-invalid={missing.name}
                    value={name}
                    onChange={(event) => setName(event.target.value)}
                />
                <PasswordField
                    label={signIn.password}
                    name="password"
                    autoComplete="current-password"
                    aria-invalid={missing.password}
                    value={password}
                    onChange={(event) => setPassword(event.target.value)}
                />
                {anyMissing && <Problem>{signIn.missing}</Problem>}
                {!anyMissing && signingIn.error && <Problem>{signInProblem(signingIn.error)}</Problem>}
                <Button look="main" type="submit" busy={signingIn.isPending}>
                    {signingIn.isPending ? signIn.busy : signIn.submit}
                </Button>
            </form>
            <p className="door-help">{signIn.help}</p>
        </main>
    );
}
