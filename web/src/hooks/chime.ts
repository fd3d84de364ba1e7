/*
 * A soft sound for a new notice: two notes of a bell, a fourth apart, made as they are played. A browser that lets no
 * page sound before somebody has touched it stays silent until then.
 */
const NOTES_HZ = [659.25, 880];
const APART_S = 0.16;
const FADE_S = 0.9;
/* About as loud as a page being turned. */
const LOUDNESS = 0.08;

let context: AudioContext | null = null;

function strike(audio: AudioContext, hz: number, at: number): void {
    const tone = audio.createOscillator();
    const volume = audio.createGain();
    tone.type = "sine";
    tone.frequency.value = hz;
    volume.gain.setValueAtTime(0, at);
    volume.gain.linearRampToValueAtTime(LOUDNESS, at + 0.02);
    volume.gain.exponentialRampToValueAtTime(0.0001, at + FADE_S);
    tone.connect(volume).connect(audio.destination);
    tone.start(at);
    tone.stop(at + FADE_S);
}

export async function chime(): Promise<void> {
    if (typeof AudioContext === "undefined") return;
    try {
        context ??= new AudioContext();
        const audio = context;
        if (audio.state === "suspended") await audio.resume();
        NOTES_HZ.forEach((hz, index) => strike(audio, hz, audio.currentTime + index * APART_S));
    } catch {
        /* A device without a speaker. */
    }
}
