/*
 * Asks before something is lost. What keeps it is the main action.
 */
import { useId } from "react";
import { Button } from "../Button/Button.tsx";
import "./Question.css";

interface QuestionProps {
    ask: string;
    keep: string;
    lose: string;
    onKeep: () => void;
    onLose: () => void;
}

export function Question({ ask, keep, lose, onKeep, onLose }: QuestionProps) {
    const id = useId();
    return (
        <div className="question" role="group" aria-labelledby={id}>
            <p id={id}>{ask}</p>
            <div className="question-actions">
                {/* The focus comes here with the question, so that a screen reader says both. */}
                <Button look="main" onClick={onKeep} autoFocus>
                    {keep}
                </Button>
                <Button className="question-lose" onClick={onLose} data-once>
                    {lose}
                </Button>
            </div>
        </div>
    );
}
