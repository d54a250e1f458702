// How loud a stream is, several times a second, for a meter that people can read.

const EVERY_MS = 66;
const FLOOR_DB = -60;

let shared = null;

/** One audio context for all meters: browsers allow few. */
function context() {
  shared ??= new AudioContext();
  return shared;
}

export class LevelMeter {
  /**
   * @param {MediaStream} stream
   * @param {(level: number) => void} tell called with 0 (silence) to 1 (as loud as can be)
   */
  constructor(stream, tell) {
    this.source = context().createMediaStreamSource(stream);
    this.analyser = context().createAnalyser();
    this.analyser.fftSize = 1024;
    this.source.connect(this.analyser);
    const samples = new Float32Array(this.analyser.fftSize);
    let shown = 0;
    this.timer = setInterval(() => {
      this.analyser.getFloatTimeDomainData(samples);
      const level = loudness(samples);
      shown = Math.max(level, shown * 0.8); // falls slower than it rises, so that syllables do not flicker
      tell(shown);
    }, EVERY_MS);
  }

  stop() {
    clearInterval(this.timer);
    this.source.disconnect();
  }

  /** A click has happened: contexts made before it may now run. */
  static async wake() {
    await context().resume();
  }
}

function loudness(samples) {
  const power = samples.reduce((sum, value) => sum + value * value, 0) / samples.length;
  const db = 10 * Math.log10(power + 1e-12);
  return Math.min(1, Math.max(0, 1 - db / FLOOR_DB));
}
