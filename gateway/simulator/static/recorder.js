// The microphone, where the browser gives one.

const FORMS = ["audio/ogg;codecs=opus", "audio/webm;codecs=opus", "audio/mp4"];

// Begins to record; `stop()` gives the sound, `cancel()` forgets it. Throws when there is no microphone.
export async function record() {
  const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
  const mimeType = FORMS.find((form) => MediaRecorder.isTypeSupported(form));
  const recorder = new MediaRecorder(stream, mimeType ? { mimeType } : {});
  const pieces = [];
  recorder.addEventListener("dataavailable", (event) => pieces.push(event.data));
  const ended = new Promise((done) => { recorder.addEventListener("stop", done); });
  recorder.start();
  const end = async () => {
    if (recorder.state !== "inactive") recorder.stop();
    await ended;
    for (const track of stream.getTracks()) track.stop();
    return new File(pieces, "voice", { type: recorder.mimeType.split(";")[0] });
  };
  return { stop: end, cancel: end };
}
