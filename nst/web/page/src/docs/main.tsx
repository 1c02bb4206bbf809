import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

import { ApiPage } from "./ApiPage.tsx";
import "../styles/base.css";
import "../styles/controls.css";
import "../styles/docs.css";
import "../styles/forced.css";

createRoot(document.getElementById("root")!).render(
  <StrictMode>
    <ApiPage />
  </StrictMode>,
);
