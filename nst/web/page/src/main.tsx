import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

import { App } from "./App.tsx";
import "./styles/base.css";
import "./styles/forced.css";
import "./styles/controls.css";
import "./styles/compose.css";
import "./styles/history.css";
import "./styles/masks.css";

createRoot(document.getElementById("root")!).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
