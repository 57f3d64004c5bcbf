// A server between the service and the sandbox: hands every request on, unless the test answers it in its own way. So a test
// can make login or Graph hang, hang up, show a proxy's page, or answer like another Entra than ours.
import { createServer, request as httpRequest } from 'node:http';

const readAll = async (stream) => {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
};

export class Front {
  static async start(target) {
    const front = new Front();
    front.target = new URL(target);
    front.seen = [];
    front.answer = null;
    front.server = createServer((request, response) => front.take(request, response).catch(() => request.socket.destroy()));
    await new Promise((done) => front.server.listen(0, '127.0.0.1', done));
    front.url = `http://127.0.0.1:${front.server.address().port}`;
    return front;
  }

  // `answer(request, body)` gives 'hang', 'hangUp', 'drip' (a byte now and then), 'endless' (a body that never ends), { status, headers, body }, or nothing: then the sandbox is asked.
  async take(request, response) {
    const body = await readAll(request);
    this.seen.push({ method: request.method, path: request.url, headers: request.headers, body: body.toString() });
    const own = this.answer?.(request, body.toString());
    if (own === 'hang') return;
    if (own === 'hangUp') {
      request.socket.destroy();
      return;
    }
    if (own === 'drip' || own === 'endless') {
      this.pour(response, own === 'drip' ? ' ' : ' '.repeat(1 << 20), own === 'drip' ? 200 : 0);
      return;
    }
    if (!own) {
      await this.forward(request, body, response);
      return;
    }
    const text = own.body === undefined ? '' : typeof own.body === 'string' ? own.body : JSON.stringify(own.body);
    response.writeHead(own.status, { 'CONTENT-TYPE': 'application/json', ...own.headers });
    response.end(text);
  }

  // Until whoever reads it has had enough.
  pour(response, piece, everyMs) {
    response.writeHead(200, { 'Content-Type': 'application/json' });
    const next = () => {
      if (!response.destroyed && !response.socket?.destroyed) response.write(piece, () => setTimeout(next, everyMs));
    };
    next();
  }

  forward(request, body, response) {
    const { hostname, port } = this.target;
    return new Promise((done, fail) => {
      const onward = httpRequest({ hostname, port, method: request.method, path: request.url, headers: request.headers }, (answer) => {
        response.writeHead(answer.statusCode, answer.headers);
        answer.pipe(response);
        answer.on('end', done);
        answer.on('error', fail);
      });
      onward.on('error', fail);
      onward.end(body);
    });
  }

  async stop() {
    this.server.closeAllConnections();
    await new Promise((done) => this.server.close(done));
  }
}
