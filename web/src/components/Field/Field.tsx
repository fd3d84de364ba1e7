/*
 * A label, a box to type in, a hint and what is wrong with it: the label stands above and stays.
 */
import { useId, useState, type InputHTMLAttributes, type ReactNode, type TextareaHTMLAttributes } from "react";
import { words } from "../../words.ts";
import "./Field.css";

interface FieldProps extends InputHTMLAttributes<HTMLInputElement> {
    label: string;
    hint?: string;
    problem?: string | null;
    children?: ReactNode;
}

interface AroundProps {
    id: string;
    label: string;
    hint?: string | undefined;
    problem?: string | null | undefined;
    children: ReactNode;
}

const describedBy = (id: string, hint?: string, problem?: string | null): string | undefined =>
    [hint ? `${id}-hint` : "", problem ? `${id}-problem` : ""].filter(Boolean).join(" ") || undefined;

/* What stands around a box. */
function Around({ id, label, hint, problem, children }: AroundProps) {
    return (
        <div className="field">
            <label htmlFor={id}>{label}</label>
            {hint && (
                <p className="field-hint" id={`${id}-hint`}>
                    {hint}
                </p>
            )}
            {children}
            {problem && (
                <p className="field-problem" id={`${id}-problem`}>
                    {problem}
                </p>
            )}
        </div>
    );
}

export function Field({ label, hint, problem, children, ...input }: FieldProps) {
    const id = useId();
    return (
        <Around id={id} label={label} hint={hint} problem={problem}>
            <div className="field-box">
                <input
                    id={id}
                    aria-invalid={!!problem}
                    aria-describedby={describedBy(id, hint, problem)}
                    {...input}
                />
                {children}
            </div>
        </Around>
    );
}

interface TextFieldProps extends TextareaHTMLAttributes<HTMLTextAreaElement> {
    label: string;
    hint?: string;
    problem?: string | null;
}

/* For more than a line. */
export function TextField({ label, hint, problem, ...area }: TextFieldProps) {
    const id = useId();
    return (
        <Around id={id} label={label} hint={hint} problem={problem}>
            <textarea id={id} aria-invalid={!!problem} aria-describedby={describedBy(id, hint, problem)} {...area} />
        </Around>
    );
}

/* A password that one may look at: hidden dots are hard on everybody, and hardest on small phones. */
export function PasswordField(props: Omit<FieldProps, "type" | "children">) {
    const [shown, setShown] = useState(false);
    const { signIn } = words;
    return (
        <Field {...props} type={shown ? "text" : "password"} autoCapitalize="none" spellCheck={false}>
            <button
                type="button"
                className="field-show"
                aria-label={shown ? signIn.hidePassword : signIn.showPassword}
                onClick={() => setShown(!shown)}
            >
                {shown ? signIn.hide : signIn.show}
            </button>
        </Field>
    );
}
