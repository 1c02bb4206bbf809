import type { ComponentProps } from "react";

interface Props extends Omit<ComponentProps<"input">, "onChange"> {
  onFiles: (files: File[]) => void;
}

/** A file input that is cleared after each choice, so that the same file can be chosen again. */
export function FileInput({ onFiles, ...props }: Props) {
  return (
    <input
      type="file"
      {...props}
      onChange={({ target }) => {
        const files = Array.from(target.files ?? []);
        target.value = "";
        if (files.length > 0) onFiles(files);
      }}
    />
  );
}
