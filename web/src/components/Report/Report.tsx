/*
 * Telling the coach about a post or a message: why, and a few words if one likes. The author is not told.
 */
import { useState, type FormEvent } from "react";
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

    if (report.isSuccess) return <Done>{safety.sent}</Done>;
    if (!open) {
        return (
            <Button look="quiet" aria-describedby={describedBy} onClick={() => setOpen(true)}>
                {safety.report}
            </Button>
        );
    }
    const submit = (event: FormEvent): void => {
        event.preventDefault();
        if (!report.isPending) report.mutate({ subject, subjectId, reason, words: note.trim() });
    };
    return (
        <form className="report panel-form" onSubmit={submit}>
            <Choice legend={safety.why} options={REASONS} labels={safety.reasons} value={reason} choose={setReason} />
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
                <Button look="quiet" onClick={() => setOpen(false)}>
                    {safety.cancel}
                </Button>
            </div>
        </form>
    );
}
