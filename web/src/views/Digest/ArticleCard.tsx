/*
 * One post of a digest, and whether it was helpful: what the member says about it shapes the next digest.
 */
import { useId } from "react";
import { Icon, type IconName } from "../../components/Icon/Icon.tsx";
import { Problem } from "../../components/States/States.tsx";
import { useFeedback } from "../../hooks/useDigests.ts";
import type { Article, Feedback } from "../../porchlight/index.ts";
import { safeLink } from "../../text/link.ts";
import { words } from "../../words.ts";

interface AnswerProps {
    icon: IconName;
    label: string;
    pressed: boolean;
    describedBy: string;
    press: () => void;
}

function Answer({ icon, label, pressed, describedBy, press }: AnswerProps) {
    return (
        <button
            type="button"
            className={`button button-plain article-answer${pressed ? " article-answer-on" : ""}`}
            aria-pressed={pressed}
            aria-describedby={describedBy}
            onClick={press}
            data-once
        >
            <Icon name={pressed ? "check" : icon} />
            <span>{label}</span>
        </button>
    );
}

const TOPICS_MAX = 5; // that an opinion may move

export function ArticleCard({ article }: { article: Article }) {
    const { digest: say } = words;
    const { given, give, error } = useFeedback();
    const id = useId();
    const link = safeLink(article.link);
    const answer = given[article.id];
    const press = (feedback: Feedback["feedback"]) => (): void => {
        if (answer !== feedback) give({ articleId: article.id, feedback, topics: article.topics.slice(0, TOPICS_MAX) });
    };
    return (
        <li className="post article" aria-labelledby={id}>
            <h3 id={id}>{article.title}</h3>
            {article.summary && article.summary !== article.title && <p className="post-body">{article.summary}</p>}
            <div className="article-foot">
                {link && (
                    <a className="post-more" href={link}>
                        {say.read}
                        <span className="unseen">: {article.title}</span>
                    </a>
                )}
                {article.topics.length > 0 && (
                    <ul className="post-topics" aria-label={say.topics}>
                        {article.topics.map((topic) => (
                            <li key={topic}>{topic}</li>
                        ))}
                    </ul>
                )}
            </div>
            {article.topics.length > 0 && (
                <div className="article-ask" role="group" aria-label={say.ask}>
                    <p>{say.ask}</p>
                    <div className="article-answers">
                        <Answer
                            icon="helpful"
                            label={say.helpful}
                            pressed={answer === "helpful"}
                            describedBy={id}
                            press={press("helpful")}
                        />
                        <Answer
                            icon="notHelpful"
                            label={say.notHelpful}
                            pressed={answer === "not_helpful"}
                            describedBy={id}
                            press={press("not_helpful")}
                        />
                    </div>
                    <p className="article-thanks" role="status">
                        {answer && !error && say.thanks}
                    </p>
                    {error && <Problem>{say.feedbackFailed}</Problem>}
                </div>
            )}
        </li>
    );
}
