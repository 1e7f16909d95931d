/** The output of a shell in a plain container of an image, as the image's user `user`; the container is removed again. */
import Docker from 'dockerode';

export async function inside(image: string, script: string, user = ''): Promise<string> {
  const container = await new Docker().createContainer({
    Image: image,
    Entrypoint: ['sh', '-c', script],
    User: user,
    Tty: true,
    HostConfig: { NetworkMode: 'none' },
  });
  try {
    const output = await container.attach({ stream: true, stdout: true });
    await container.start();
    let text = '';
    for await (const part of output) text += String(part);
    return text.replaceAll('\r', '');
  } finally {
    await container.remove({ force: true, v: true });
  }
}
