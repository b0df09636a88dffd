import { render } from "preact";
import { Frame } from "./frame.tsx";
import { followLinks } from "./state/router.ts";
import "./styles/main.css";

followLinks();
const app = document.getElementById("app");
if (app) render(<Frame />, app);
