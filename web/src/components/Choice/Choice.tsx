/*
 * One of a few: each a large target with its name, the chosen one in gold.
 */
import { useId } from "react";
import "./Choice.css";

interface ChoiceProps<T extends string> {
    legend: string;
    options: readonly T[];
    labels: Record<T, string>;
    /* Where each option is a language, written in its own. */
    inOwnLanguage?: boolean;
    value: T;
    choose: (value: T) => void;
}

export function Choice<T extends string>({
    legend,
    options,
    labels,
    inOwnLanguage,
    value,
    choose,
}: ChoiceProps<T>) {
    const name = useId();
    return (
        <fieldset className="choice">
            <legend>{legend}</legend>
            <div className="choice-options">
                {options.map((it) => (
                    <label key={it} className={`choice-option${it === value ? " choice-option-on" : ""}`}>
                        <input type="radio" name={name} checked={it === value} onChange={() => choose(it)} />
                        <span lang={inOwnLanguage ? it : undefined}>{labels[it]}</span>
                    </label>
                ))}
            </div>
        </fieldset>
    );
}
