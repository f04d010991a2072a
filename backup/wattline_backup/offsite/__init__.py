"""Sets leave the house: encrypted by restic, into Azure Blob, S3, Google Cloud Storage, SFTP, or onto a disk that is carried away.

Each set that is copied is one snapshot, with the set's files at its root, so that `restic restore` alone gives a folder that
`influx restore` reads. restic cuts files into pieces by their content and stores no piece twice, whatever the file is called:
a shard that is in many sets is sent once.
"""
