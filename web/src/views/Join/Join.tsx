/*
 * Joining by an invite link: the link brings the code, the name proposes a sign-in name, only a password is to be made
 * up.
 */
import { useRef, useState, type FormEvent } from "react";
import { Lantern } from "../../components/Brand/Brand.tsx";
import { Button } from "../../components/Button/Button.tsx";
import { Field, PasswordField } from "../../components/Field/Field.tsx";
import { LanguageLink } from "../../components/LanguageLink/LanguageLink.tsx";
import { LeavingNote } from "../../components/LeavingNote/LeavingNote.tsx";
import { Problem } from "../../components/States/States.tsx";
import { useJoinTeam } from "../../hooks/useJoinTeam.ts";
import { useProblemFocus } from "../../hooks/useProblemFocus.ts";
import { goTo } from "../../hooks/useRoute.ts";
import { useJoin } from "../../hooks/useSession.ts";
import { newIdempotencyKey, PorchlightError, type User } from "../../porchlight/index.ts";
import { joinProblem } from "../../text/problem.ts";
import { charsOf } from "../../text/topics.ts";
import { proposeUsername, USERNAME } from "../../text/username.ts";
import { words } from "../../words.ts";
import "../SignIn/SignIn.css";

const PASSWORD_CHARS_MIN = 8;

interface Problems {
    name?: string;
    username?: string;
    password?: string;
}

function check(name: string, username: string, password: string): Problems {
    const { join } = words;
    return {
        ...(!name && { name: join.missingName }),
        ...(!USERNAME.test(username) && { username: join.badUsername }),
        ...(charsOf(password) < PASSWORD_CHARS_MIN && { password: join.shortPassword }),
    };
}

export function Join({ code }: { code: string }) {
    const [name, setName] = useState("");
    /* null until the member types another sign-in name than the proposed one. */
    const [ownUsername, setOwnUsername] = useState<string | null>(null);
    const [password, setPassword] = useState("");
    const [problems, setProblems] = useState<Problems>({});
    const joining = useJoin();
    /* Sent again as it was, it is the same request: a lost answer does not take the name from oneself. */
    const sent = useRef({ text: "", key: "" });
    const { join } = words;
    const username = ownUsername ?? proposeUsername(name);
    const { error } = joining;
    const status = error instanceof PorchlightError ? error.status : 0;
    const taken = status === 409 ? join.taken : null;
    const form = useProblemFocus(problems, taken && error);

    const submit = (event: FormEvent): void => {
        event.preventDefault();
        if (joining.isPending) return;
        const found = check(name.trim(), username.trim().toLowerCase(), password);
        setProblems(found);
        if (Object.keys(found).length > 0) return;
        const body = { invite: code, name: name.trim(), username: username.trim().toLowerCase(), password };
        const text = JSON.stringify(body);
        if (text !== sent.current.text) sent.current = { text, key: newIdempotencyKey() };
        joining.mutate({ joining: body, key: sent.current.key }, { onSuccess: () => goTo("#/") });
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
                    <h1 tabIndex={-1}>{join.heading}</h1>
                    <p className="door-intro">{join.intro}</p>
                </div>
                <Field
                    label={join.name}
                    hint={join.nameHint}
                    problem={problems.name ?? null}
                    name="name"
                    autoComplete="name"
                    maxLength={60}
                    value={name}
                    onChange={(event) => setName(event.target.value)}
                />
                <Field
                    label={join.username}
                    hint={join.usernameHint}
                    problem={problems.username ?? taken}
                    name="username"
                    autoComplete="username"
                    autoCapitalize="none"
                    spellCheck={false}
                    maxLength={60}
                    value={username}
                    onChange={(event) => setOwnUsername(event.target.value)}
                />
                <PasswordField
                    label={join.password}
                    hint={join.passwordHint}
                    problem={problems.password ?? null}
                    name="password"
                    autoComplete="new-password"
                    maxLength={200}
                    value={password}
                    onChange={(event) => setPassword(event.target.value)}
                />
                {error && !taken && <Problem>{joinProblem(error)}</Problem>}
                <Button look="main" type="submit" busy={joining.isPending}>
                    {joining.isPending ? join.busy : join.submit}
                </Button>
            </form>
            <a className="door-link" href="#/">
                {join.haveAccount}
            </a>
        </main>
    );
}

/* Somebody who is signed in opened an invite: one more team, when they want it. */
export function JoinWhileSignedIn({ user, code }: { user: User; code: string }) {
    const { join } = words;
    const joining = useJoinTeam();
    const { error } = joining;
    return (
        <main className="door" id="main" tabIndex={-1}>
            <div className="door-card">
                <div>
                    <h1 tabIndex={-1}>{join.heading}</h1>
                    <p className="door-intro">{join.signedInAs(user.name)}</p>
                    <p>{join.signedInHelp}</p>
                </div>
                {error && <Problem>{joinProblem(error)}</Problem>}
                <Button
                    look="main"
                    busy={joining.isPending}
                    onClick={() => joining.mutate(code, { onSuccess: () => goTo("#/") })}
                >
                    {joining.isPending ? join.busy : join.submit}
                </Button>
                <Button onClick={() => goTo("#/")}>{join.goHome}</Button>
            </div>
        </main>
    );
}
