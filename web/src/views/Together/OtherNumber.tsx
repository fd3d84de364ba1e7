/*
 * Any other number: a button first, a box when it is wanted. Who closes it finds the focus where it was.
 */
import { useEffect, useRef, useState, type FormEvent } from "react";
import { Button } from "../../components/Button/Button.tsx";
import { Field } from "../../components/Field/Field.tsx";
import { counterLabel, countOf, COUNT_MAX } from "../../text/counters.ts";
import { words } from "../../words.ts";

export function problemOf(typed: string, least: number, most: number): string | null {
    const count = countOf(typed);
    if (count === null || count < least) return words.together.badNumber;
    return count > most ? words.together.largeNumber : null;
}

interface OtherNumberProps {
    name: string;
    value: number;
    add: (amount: number) => void;
}

export function OtherNumber({ name, value, add }: OtherNumberProps) {
    const { together } = words;
    const [open, setOpen] = useState(false);
    const [typed, setTyped] = useState("");
    const [problem, setProblem] = useState<string | null>(null);
    const form = useRef<HTMLFormElement>(null);
    const opener = useRef<HTMLDivElement>(null);
    const wasOpen = useRef(false);

    useEffect(() => {
        if (open === wasOpen.current) return;
        wasOpen.current = open;
        const target = open ? form.current?.querySelector("input") : opener.current?.querySelector("button");
        target?.focus({ preventScroll: !open });
    }, [open]);

    const close = (): void => {
        setOpen(false);
        setTyped("");
        setProblem(null);
    };

    const submit = (event: FormEvent): void => {
        event.preventDefault();
        const wrong = problemOf(typed, 1, COUNT_MAX - Math.max(0, value));
        setProblem(wrong);
        if (wrong !== null) {
            form.current?.querySelector("input")?.focus();
            return;
        }
        add(countOf(typed) ?? 0);
        close();
    };

    if (!open) {
        return (
            <div ref={opener} className="count-other">
                <Button icon="pen" onClick={() => setOpen(true)}>
                    {together.other}
                    <span className="unseen"> {together.addTo(counterLabel(name))}</span>
                </Button>
            </div>
        );
    }
    return (
        <form className="count-form" onSubmit={submit} ref={form} noValidate>
            <Field
                label={together.otherLabel}
                hint={together.otherHint}
                problem={problem}
                inputMode="numeric"
                autoComplete="off"
                value={typed}
                onChange={(event) => setTyped(event.target.value)}
            />
            <div className="panel-actions">
                <Button look="main" type="submit" data-once>
                    {together.otherAdd}
                </Button>
                <Button look="quiet" onClick={close}>
                    {together.cancel}
                </Button>
            </div>
        </form>
    );
}
