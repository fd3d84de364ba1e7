/*
 * For who looks after the team: another number in the place of a wrong one, and a new count. Nothing is lost with
 * either: the history keeps what was before.
 */
import { useRef, useState, type FormEvent } from "react";
import { Button } from "../../components/Button/Button.tsx";
import { Field } from "../../components/Field/Field.tsx";
import { Done } from "../../components/Panel/Panel.tsx";
import { Question } from "../../components/Question/Question.tsx";
import { Problem } from "../../components/States/States.tsx";
import { COUNT_MAX, counterLabel, countOf } from "../../text/counters.ts";
import { words } from "../../words.ts";
import type { Counter } from "./Count.tsx";
import { problemOf } from "./OtherNumber.tsx";

type Outcome = { done: string } | { failed: true } | null;

export function CoachTools({ name, counter }: { name: string; counter: Counter }) {
    const { together } = words;
    const [typed, setTyped] = useState("");
    const [problem, setProblem] = useState<string | null>(null);
    const [asking, setAsking] = useState(false);
    const [outcome, setOutcome] = useState<Outcome>(null);
    const [busy, setBusy] = useState(false);
    const tools = useRef<HTMLDetailsElement>(null);

    const run = async (change: () => Promise<unknown>, done: string): Promise<void> => {
        if (busy) return;
        setBusy(true);
        setOutcome(null);
        try {
            await change();
            setOutcome({ done });
            setTyped("");
        } catch {
            setOutcome({ failed: true });
        } finally {
            setBusy(false);
        }
    };

    const submit = (event: FormEvent): void => {
        event.preventDefault();
        const wrong = problemOf(typed, 0, COUNT_MAX);
        setProblem(wrong);
        if (wrong !== null) {
            tools.current?.querySelector("input")?.focus();
            return;
        }
        const value = countOf(typed) ?? 0;
        void run(() => counter.set(value), together.corrected(value));
    };

    const answered = (): void => {
        setAsking(false);
        requestAnimationFrame(() => tools.current?.querySelector<HTMLElement>(".count-reset")?.focus());
    };

    return (
        <details className="count-coach" ref={tools}>
            <summary>{together.coach}</summary>
            <form className="count-form" onSubmit={submit} noValidate>
                <Field
                    label={together.correctLabel}
                    hint={together.correctHelp}
                    problem={problem}
                    inputMode="numeric"
                    autoComplete="off"
                    value={typed}
                    onChange={(event) => setTyped(event.target.value)}
                />
                <div className="panel-actions">
                    <Button type="submit" busy={busy} data-once>
                        {together.correctSubmit}
                    </Button>
                    {!asking && (
                        <Button className="count-reset" busy={busy} onClick={() => setAsking(true)}>
                            {together.reset}
                        </Button>
                    )}
                </div>
            </form>
            {asking && (
                <Question
                    ask={together.resetAsk(counterLabel(name))}
                    keep={together.resetNo}
                    lose={together.resetYes}
                    onKeep={answered}
                    onLose={() => {
                        answered();
                        void run(() => counter.reset(), together.resetDone);
                    }}
                />
            )}
            <Done>{outcome && "done" in outcome && outcome.done}</Done>
            {outcome && "failed" in outcome && <Problem>{together.changeFailed}</Problem>}
        </details>
    );
}
