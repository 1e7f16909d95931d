// Two containers one after the other, as testcontainers starts and stops them. Argument: the image.
import { GenericContainer } from 'testcontainers';

for (let n = 0; n < 2; n += 1) {
  const container = await new GenericContainer(process.argv[2])
    .withEntrypoint(['/bin/sleep'])
    .withCommand(['60'])
    .withNetworkMode('none')
    .start();
  await container.stop({ timeout: 0 });
}
