/*
 * The name that others see.
 */
import { useMutation } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { Button } from "../../components/Button/Button.tsx";
import { Field } from "../../components/Field/Field.tsx";
import { Done } from "../../components/Panel/Panel.tsx";
import { Problem } from "../../components/States/States.tsx";
import { useProblemFocus } from "../../hooks/useProblemFocus.ts";
import { useSession } from "../../hooks/useSession.ts";
import type { User } from "../../porchlight/index.ts";
import { words } from "../../words.ts";

const { settings } = words;

const NAME_CHARS_MAX = 60;

export function Name({ user }: { user: User }) {
    const [name, setName] = useState(user.name);
    const [problems, setProblems] = useState<{ name?: string }>({});
    const { update } = useSession();
    const form = useProblemFocus(problems);
    const save = useMutation({ mutationFn: (wanted: string) => update({ name: wanted }) });

    const submit = (event: FormEvent): void => {
        event.preventDefault();
        if (save.isPending) return;
        setProblems(name.trim() ? {} : { name: settings.missingName });
        if (name.trim()) save.mutate(name.trim());
    };

    return (
        <form className="panel-form" onSubmit={submit} ref={form} noValidate>
            <Field
                label={settings.name}
                hint={settings.nameHint}
                problem={problems.name ?? null}
                name="name"
                autoComplete="name"
                maxLength={NAME_CHARS_MAX}
                value={name}
                onChange={(event) => {
                    setName(event.target.value);
                    save.reset();
                }}
            />
            {save.isError && <Problem>{settings.nameFailed}</Problem>}
            <Done>{save.isSuccess && settings.nameSaved}</Done>
            <div className="panel-actions">
                <Button type="submit" busy={save.isPending}>
                    {save.isPending ? settings.savingName : settings.saveName}
                </Button>
            </div>
        </form>
    );
}
