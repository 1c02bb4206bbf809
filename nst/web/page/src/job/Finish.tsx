import { repeatJob } from "../api.ts";
import { finisher, SMALL, type Catalogue } from "../catalogue.ts";
import { Button } from "../parts/Button.tsx";
import { Alert } from "../parts/Field.tsx";
import { useAction } from "../parts/hooks.ts";
import { jobHash } from "../route.ts";
import type { Job } from "../types.ts";

interface RepeatProps {
  job: Job;
  network?: string;
  className?: string;
  children: React.ReactNode;
}

/** A button that paints a job again, steered at the same epochs, and opens the new job. */
export function Repeat({ job, network, className = "", children }: RepeatProps) {
  const { busy, problem, run } = useAction();
  const repeat = async () => {
    window.location.hash = jobHash((await repeatJob(job.id, network)).id);
  };
  return (
    <>
      <Button className={className} onClick={() => run(repeat)} disabled={busy}>
        {children}
      </Button>
      <Alert className="wide">{problem}</Alert>
    </>
  );
}

/** Offers to paint a draft again with the full network. */
export function Finish({ job, catalogue }: { job: Job; catalogue: Catalogue }) {
  const network = finisher(catalogue);
  if (job.network !== SMALL || network === null) return null;
  return (
    <section className="panel actions" aria-labelledby="finish-heading">
      <h2 id="finish-heading">Draft</h2>
      <p className="help wide">Painted by the small network. The same settings work with {network.title}.</p>
      <Repeat job={job} network={network.name} className="primary wide">
        Paint it with {network.title}
      </Repeat>
    </section>
  );
}
