/** What is counted of requests, by the names of the OpenTelemetry conventions. No label tells who asked. */
import { collectDefaultMetrics, Histogram, type Registry } from 'prom-client';

export type RequestSeen = {
  readonly method: string;
  readonly route: string;
  readonly status: number;
  readonly seconds: number;
};

export type Metrics = { requestEnded(seen: RequestSeen): void };

/** From a fraction of a millisecond, a cached refusal, to the platform's read deadline. */
const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

const METHODS: ReadonlySet<string> = new Set(['GET', 'POST', 'PUT', 'OPTIONS', 'HEAD', 'DELETE', 'PATCH']);

/** Process metrics are added once to a registry that several services of one process share. */
export const createMetrics = (registry: Registry): Metrics => {
  if (!registry.getSingleMetric('process_cpu_user_seconds_total')) collectDefaultMetrics({ register: registry });
  const duration = new Histogram({
    name: 'http_server_request_duration_seconds',
    help: 'Duration of HTTP requests to the gateway, from the first byte read to the last byte written.',
    labelNames: ['http_request_method', 'http_route', 'http_response_status_code'],
    buckets: SECONDS,
    registers: [registry],
  });
  return {
    requestEnded: ({ method, route, status, seconds }) =>
      duration.observe(
        {
          http_request_method: METHODS.has(method) ? method : '_OTHER',
          http_route: route,
          http_response_status_code: String(status),
        },
        seconds,
      ),
  };
};
