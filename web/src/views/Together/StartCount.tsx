/*
 * Another thing to count, for who looks after the team. It is there for everybody with the first number that is added to it.
 */
import { useRef, useState, type FormEvent } from "react";
import { Button } from "../../components/Button/Button.tsx";
import { Field } from "../../components/Field/Field.tsx";
import { Panel } from "../../components/Panel/Panel.tsx";
import { counterName, STEPS, WATER } from "../../text/counters.ts";
import { words } from "../../words.ts";

interface StartCountProps {
    /* The names of what is counted already. */
    known: string[];
    start: (name: string) => void;
}

/* What a member calls something that has a name: "Steps" is "steps", in every language. */
function nameOf(typed: string): string {
    const name = counterName(typed);
    const { names } = words.together;
    return [STEPS, WATER].find((it) => counterName(names[it as keyof typeof names]) === name) ?? name;
}

export function StartCount({ known, start }: StartCountProps) {
    const { together } = words;
    const [typed, setTyped] = useState("");
    const [missing, setMissing] = useState(false);
    const form = useRef<HTMLFormElement>(null);

    const submit = (event: FormEvent): void => {
        event.preventDefault();
        const name = nameOf(typed);
        setMissing(!name);
        if (name) {
            setTyped("");
            start(name);
        } else form.current?.querySelector("input")?.focus();
    };

    return (
        <Panel title={together.start} intro={together.startIntro} icon="plus">
            {!known.includes(WATER) && (
                <Button icon="glass" className="count-water" onClick={() => start(WATER)}>
                    {together.startWater}
                </Button>
            )}
            <form className="panel-form" onSubmit={submit} ref={form} noValidate>
                <Field
                    label={together.startLabel}
                    hint={together.startHint}
                    problem={missing ? together.startMissing : null}
                    autoComplete="off"
                    value={typed}
                    onChange={(event) => setTyped(event.target.value)}
                />
                <div className="panel-actions">
                    <Button type="submit">{together.startSubmit}</Button>
                </div>
            </form>
        </Panel>
    );
}
