// A camera for gathering the pictures of a class: held down, its button takes six a second.

const EVERY = 160; // milliseconds between two pictures
const cameras = new WeakMap();

const make = (tag, className, text = "") => {
  const element = document.createElement(tag);
  element.className = className;
  element.textContent = text;
  return element;
};

const build = (place) => {
  const title = make("p", "title");
  const video = make("video", "view");
  video.muted = true;
  video.playsInline = true;
  video.setAttribute("aria-label", "What the camera sees");
  const power = make("button", "power", "Turn the camera on");
  const shutter = make("button", "shutter", "Hold to take pictures");
  power.type = shutter.type = "button";
  const words = make("p", "words");
  words.setAttribute("role", "status");
  const buttons = make("div", "buttons");
  buttons.append(power, shutter);
  place.replaceChildren(title, video, buttons, words);
  place.classList.add("camera");
  return { title, video, power, shutter, words, stream: null, timer: 0, taken: [] };
};

const WHY = {
  NotAllowedError: "The browser didn't allow it. Allow the camera in the address bar, then try again.",
  NotFoundError: "No camera was found on this device. Choose pictures from files instead.",
  NotReadableError: "Another program is using the camera. Close that, then try again.",
};

const turnOn = async (camera) => {
  if (!navigator.mediaDevices) {
    camera.words.textContent =
      "Browsers give a camera to pages on https or on localhost only. Choose pictures from files.";
    return;
  }
  try {
    camera.stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
    camera.video.srcObject = camera.stream;
    await camera.video.play();
    camera.words.textContent = "";
  } catch (error) {
    turnOff(camera);
    camera.words.textContent = WHY[error.name] ?? `The camera can't be used: ${error.message}`;
  }
};

const turnOff = (camera) => {
  camera.stream?.getTracks().forEach((track) => track.stop());
  camera.stream = null;
  camera.video.srcObject = null;
};

const frame = (video, side) => {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = side;
  const square = Math.min(video.videoWidth, video.videoHeight);
  const left = (video.videoWidth - square) / 2;
  const top = (video.videoHeight - square) / 2;
  canvas.getContext("2d").drawImage(video, left, top, square, square, 0, 0, side, side);
  return canvas.toDataURL("image/jpeg", 0.88);
};

const refresh = (camera) => {
  const { title, ready } = camera.data;
  camera.power.textContent = camera.stream ? "Turn the camera off" : "Turn the camera on";
  camera.shutter.disabled = !camera.stream || !ready;
  camera.video.hidden = !camera.stream;
  camera.title.textContent = title || "Camera: name the class first";
};

const take = (camera) => {
  if (camera.taken.length < camera.data.most) {
    camera.taken.push(frame(camera.video, camera.data.side));
  }
  camera.words.textContent = `${camera.taken.length} taken`;
};

const begin = (camera) => {
  if (camera.timer || camera.shutter.disabled) return;
  camera.taken = [];
  take(camera);
  camera.timer = setInterval(take, EVERY, camera);
};

const end = (camera, send) => {
  if (!camera.timer) return;
  clearInterval(camera.timer);
  camera.timer = 0;
  send(camera.taken);
};

const listen = (camera, send) => {
  const { power, shutter } = camera;
  power.onclick = async () => {
    if (camera.stream) turnOff(camera);
    else await turnOn(camera);
    refresh(camera);
  };
  shutter.onpointerdown = (event) => {
    shutter.setPointerCapture(event.pointerId);
    begin(camera);
  };
  shutter.oncontextmenu = (event) => event.preventDefault(); // a long touch opens one
  shutter.onkeydown = (event) => {
    if (event.key !== " " && event.key !== "Enter") return;
    event.preventDefault();
    begin(camera);
  };
  shutter.onpointerup = shutter.onpointercancel = () => end(camera, send);
  shutter.onkeyup = shutter.onblur = () => end(camera, send);
};

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const place = parentElement.querySelector(".widget");
  if (!cameras.has(place)) cameras.set(place, build(place));
  const camera = cameras.get(place);
  camera.data = data; // the camera may turn on only after the class has got another name
  listen(camera, (pictures) => setTriggerValue("taken", pictures));
  refresh(camera);

  return () => {
    clearInterval(camera.timer);
    turnOff(camera);
  };
}
