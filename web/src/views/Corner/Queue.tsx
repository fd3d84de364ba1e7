/*
 * What somebody reported, or the word list held back: the coach decides, one by one.
 */
import { useRef } from "react";
import { Button } from "../../components/Button/Button.tsx";
import { Panel } from "../../components/Panel/Panel.tsx";
import { PostText } from "../../components/PostText/PostText.tsx";
import { Empty, Failed, Loading, Problem } from "../../components/States/States.tsx";
import { useFocusPast } from "../../hooks/useFocusPast.ts";
import { useReports } from "../../hooks/useReports.ts";
import type { Report, ReportDecision } from "../../porchlight/index.ts";
import { words } from "../../words.ts";

interface EntryProps {
    report: Report;
    busy: boolean;
    decide: (decision: ReportDecision["decision"]) => void;
}

function Entry({ report: { author, text, reason, words: note, hidden }, busy, decide }: EntryProps) {
    const { safety } = words;
    const place = useRef<HTMLLIElement>(null);
    useFocusPast(place);
    return (
        <li className="corner-report" ref={place}>
            <p className="corner-name">{safety.by(author.name)}</p>
            <p>
                <PostText text={text} />
            </p>
            <p className="corner-quiet">
                {reason === "words" ? safety.byWords : safety.reasons[reason]}
                {note && `: ${note}`}
                {hidden && ` ${safety.isHidden}`}
            </p>
            <div className="panel-actions">
                <Button busy={busy} onClick={() => decide("hide")} data-once>
                    {hidden ? safety.keepHidden : safety.hide}
                </Button>
                <Button busy={busy} onClick={() => decide("dismiss")} data-once>
                    {safety.fine}
                </Button>
            </div>
        </li>
    );
}

export function Queue() {
    const { safety } = words;
    const { list, decide } = useReports();
    const { data: reports, error, isPending, refetch } = list;
    return (
        <Panel title={safety.queue} intro={safety.queueIntro} icon="eye">
            {isPending && <Loading>{safety.queueLoading}</Loading>}
            {!reports && error && <Failed title={safety.queueFailed} error={error} retry={() => void refetch()} />}
            {reports?.length === 0 && <Empty icon="check" title={safety.queueEmpty} />}
            {reports && reports.length > 0 && (
                <ul className="corner-reports">
                    {reports.map((report) => (
                        <Entry
                            key={report.id}
                            report={report}
                            busy={decide.isPending}
                            decide={(decision) => decide.mutate({ id: report.id, decision })}
                        />
                    ))}
                </ul>
            )}
            {decide.isError && <Problem>{safety.decideFailed}</Problem>}
        </Panel>
    );
}
