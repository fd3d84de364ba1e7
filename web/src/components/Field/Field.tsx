/*
 * A label, a box to type in, a hint and what is wrong with it: the label stands above and stays.
 */
import { useId, useState, type InputHTMLAttributes, type ReactNode } from "react";
import { words } from "../../words.ts";
import "./Field.css";

interface FieldProps extends InputHTMLAttributes<HTMLInputElement> {
    label: string;
    hint?: string;
    problem?: string | null;
    children?: ReactNode;
}

export function Field({ label, hint, problem, children, ...input }: FieldProps) {
    const id = useId();
    const described = [hint ? `${id}-hint` : "", problem ? `${id}-problem` : ""].filter(Boolean).join(" ");
    return (
        <div className="field">
            <label htmlFor={id}>{label}</label>
            {hint && (
                <p className="field-hint" id={`${id}-hint`}>
                    {hint}
                </p>
            )}
            <div className="field-box">
                <input id={id} aria-invalid={!!problem} aria-describedby={described || undefined} {...input} />
                {children}
            </div>
            {problem && (
                <p className="field-problem" id={`${id}-problem`}>
                    {problem}
                </p>
            )}
        </div>
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
