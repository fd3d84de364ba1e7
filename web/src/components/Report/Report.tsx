/*
 * Telling the coach about a post or a message: why, and a few words if one likes. The author is not told.
 */
import { useState, type FormEvent } from "react";
import { useFocusWithin } from "../../hooks/useFocusWithin.ts";
import { useReport } from "../../hooks/useReports.ts";
import type { ReportNew } from "../../porchlight/index.ts";
import { words } from "../../words.ts";
import { Button } from "../Button/Button.tsx";
import { Choice } from "../Choice/Choice.tsx";
import { Field } from "../Field/Field.tsx";
import { Done } from "../Panel/Panel.tsx";
import { Problem } from "../States/States.tsx";
import "./Report.css";

const REASONS = ["unkind", "advert", "private", "worry", "other"] as const;

interface ReportProps {
    subject: ReportNew["subject"];
    subjectId: string;
    describedBy?: string;
}

export function Report({ subject, subjectId, describedBy }: ReportProps) {
    const { safety } = words;
    const [open, setOpen] = useState(false);
    const [reason, setReason] = useState<ReportNew["reason"]>("unkind");
    const [note, setNote] = useState("");
    const report = useReport();

    const { card, focusNext } = useFocusWithin<HTMLDivElement>();
    const turn = (it: boolean, focus: string): void => {
        setOpen(it);
        focusNext(focus);
    };
    const submit = (event: FormEvent): void => {
        event.preventDefault();
        if (report.isPending) return;
        const sent = { subject, subjectId, reason, words: note.trim() };
        report.mutate(sent, { onSuccess: () => turn(false, ".report") });
    };

    return (
        <div className={`report${open ? " report-open" : ""}`} ref={card} tabIndex={-1}>
            {report.isSuccess && <Done>{safety.sent}</Done>}
            {!report.isSuccess && !open && (
                <Button look="quiet" aria-describedby={describedBy} onClick={() => turn(true, "input:checked")}>
                    {safety.report}
                </Button>
            )}
            {!report.isSuccess && open && (
                <form className="panel-form" onSubmit={submit}>
                    <Choice
                        legend={safety.why}
                        options={REASONS}
                        labels={safety.reasons}
                        value={reason}
                        choose={setReason}
                    />
                    <Field
                        label={safety.note}
                        autoComplete="off"
                        maxLength={500}
                        value={note}
                        onChange={(event) => setNote(event.target.value)}
                    />
                    {report.isError && <Problem>{safety.failed}</Problem>}
                    <div className="panel-actions">
                        <Button type="submit" busy={report.isPending}>
                            {report.isPending ? safety.sending : safety.send}
                        </Button>
                        <Button look="quiet" onClick={() => turn(false, "button")}>
                            {safety.cancel}
                        </Button>
                    </div>
                </form>
            )}
        </div>
    );
}
