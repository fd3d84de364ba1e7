/*
 * What somebody reported, or the word list held back: the coach decides, one by one.
 */
import { Button } from "../../components/Button/Button.tsx";
import { Panel } from "../../components/Panel/Panel.tsx";
import { PostText } from "../../components/PostText/PostText.tsx";
import { Empty, Failed, Loading, Problem } from "../../components/States/States.tsx";
import { useReports } from "../../hooks/useReports.ts";
import { words } from "../../words.ts";

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
                    {reports.map(({ id, author, text, reason, words: note, hidden }) => (
                        <li key={id} className="corner-report">
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
                                <Button
                                    busy={decide.isPending}
                                    onClick={() => decide.mutate({ id, decision: "hide" })}
                                    data-once
                                >
                                    {hidden ? safety.keepHidden : safety.hide}
                                </Button>
                                <Button
                                    busy={decide.isPending}
                                    onClick={() => decide.mutate({ id, decision: "dismiss" })}
                                    data-once
                                >
                                    {safety.fine}
                                </Button>
                            </div>
                        </li>
                    ))}
                </ul>
            )}
            {decide.isError && <Problem>{safety.decideFailed}</Problem>}
        </Panel>
    );
}
