// The microphone: asked for only by a click, its refusals explained, its device changeable.

const CONSTRAINTS = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };

const REFUSALS = {
  NotAllowedError: "Your browser did not allow the microphone. Allow it in the address bar, then try again.",
  NotFoundError: "No microphone was found. Plug one in, then try again.",
  NotReadableError: "The microphone is used by another program. Close that, then try again.",
};

export class MicrophoneError extends Error {}

/** Open a microphone; throws MicrophoneError with a sentence for the person. */
export async function openMicrophone(deviceId = "") {
  if (!navigator.mediaDevices?.getUserMedia) {
    throw new MicrophoneError("This browser cannot use a microphone on this page. Try another browser.");
  }
  const audio = deviceId ? { ...CONSTRAINTS, deviceId: { exact: deviceId } } : CONSTRAINTS;
  try {
    return await navigator.mediaDevices.getUserMedia({ audio });
  } catch (error) {
    throw new MicrophoneError(REFUSALS[error.name] ?? `The microphone could not be opened (${error.name}).`);
  }
}

/** The microphones there are, as [{ id, name }]. Names are told only once one has been allowed. */
export async function microphones() {
  const devices = await navigator.mediaDevices.enumerateDevices();
  return devices
    .filter((device) => device.kind === "audioinput" && device.deviceId !== "communications")
    .map((device, index) => ({ id: device.deviceId, name: device.label || `Microphone ${index + 1}` }));
}
